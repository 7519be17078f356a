"""What reports say, in both languages. Pure.

Codes, states, verdicts and column names stay English in every language; what is said of them not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vodnb.rules.wording import phrase

if TYPE_CHECKING:
    from vodnb.rules.model import Lang

__all__ = ["PARTIES", "VERDICTS", "WORDS", "word"]

VERDICTS: dict[str, tuple[str, str]] = {
    "ok": ("usable as it is", "可直接使用"),
    "cleaned": ("usable after cleaning", "清理后可用"),
    "duplicate": ("the asset stands in an earlier row too", "与前面某行的媒资重复"),
    "empty": ("no ID in the cell", "ID单元格为空"),
    "mangled": ("destroyed by a spreadsheet", "ID已被电子表格软件破坏"),
    "not_an_id": ("not an asset ID", "不是媒资ID"),
    "ragged": ("more or fewer cells than the header", "列数与表头不符"),
}

PARTIES: dict[str, tuple[str, str]] = {
    "re-upload": (
        "Upload these files again, then confirm the new assets with: vodnb confirm <the new table>",
        "请重新上传这些文件，上传后用新的媒资ID再次确认：vodnb confirm <新表格>",
    ),
    "fix the ID": (
        "Correct the column asset_id from the source of the table, then confirm this file again",
        "请对照数据来源更正asset_id列，然后用本文件重新确认",
    ),
    "administrator": (
        (
            "For whoever looks after the account: see error_code and next_step, and put it "
            "right; then "
            "confirm this file again"
        ),
        "请账号管理员按error_code和next_step两列处理，处理完成后用本文件重新确认",
    ),
    "wait": (
        "Nothing to do but wait; then confirm this file again",
        "无需处理，请稍后用本文件重新确认",
    ),
    "retry": ("Confirm this file again: vodnb confirm", "请用本文件重新确认：vodnb confirm"),
    "look": (
        (
            "Look at these assets first, for instance with: vodnb states; what hangs in "
            "CREATING can be "
            "confirmed again"
        ),
        "请先核查这些媒资的状态（例如用vodnb states），仍为CREATING的可重新确认",
    ),
    "confirm": ("Confirm this file", "请用本文件进行确认"),
}
"""What each party is told at the head of its file."""

WORDS: dict[str, tuple[str, str]] = {
    "title": ("Upload confirmation report", "上传确认报告"),
    # did it work
    "result": ("Did it work?", "总体结果"),
    "all good": ("Yes: all {rows:,} rows are confirmed.", "成功：全部 {rows:,} 行均已确认。"),
    "some good": (
        "Not entirely: {good:,} of {rows:,} rows are confirmed, {left:,} are not.",
        "未全部成功：{rows:,} 行中有 {good:,} 行已确认，{left:,} 行未确认。",
    ),
    "none good": (
        "No: none of the {rows:,} rows is confirmed.",
        "未成功：{rows:,} 行均未确认。",
    ),
    "no rows": (
        "There was nothing to confirm: the table has no rows.",
        "没有需要确认的内容：表格中没有数据行。",
    ),
    "running": (
        "The run is still going on: this is how it stood at {time} (UTC).",
        "任务仍在运行，以下为 {time}（UTC）时的情况。",
    ),
    "unfinished": (
        'The run has not come to its end. vodnb.resume("{run}") goes on with it.',
        '任务尚未完成，可用 vodnb.resume("{run}") 继续。',
    ),
    "destroyed": (
        "What was asked for is {status}: it discards uploaded parts. Confirmed means discarded.",
        "本次请求的状态为 {status}，即丢弃已上传的分段；“已确认”表示已丢弃。",
    ),
    "assets line": (
        (
            "{rows:,} rows point at {assets:,} assets. An asset listed twice is sent once, "
            "and each of "
            "its rows gets its outcome."
        ),
        "{rows:,} 行对应 {assets:,} 个媒资；重复列出的媒资只发送一次，结果填入其每一行。",
    ),
    "share told": ("Rows by outcome: {parts}", "各结果的行数：{parts}"),
    "act": ("Who has to act", "由谁处理"),
    "nobody": ("Nobody has to act.", "无需任何处理。"),
    # failures
    "failures": ("What failed, and what to do", "失败原因与处理办法"),
    "no failures": ("Nothing failed.", "没有失败的行。"),
    "group": ("{rows:,} rows · {outcome} · needs: {needs}", "{rows:,} 行 · {outcome} · {needs}"),
    "broken": (
        "Confirmed, but transcoding failed: the file itself may be broken.",
        "已确认，但转码失败：文件本身可能已损坏。",
    ),
    "broken step": (
        "Check the file and upload it again as a new asset.",
        "请检查文件，并作为新的媒资重新上传。",
    ),
    "next step": ("What to do", "处理办法"),
    "message": ("The service said: {text}", "服务端返回：{text}"),
    "more codes": (
        "{count:,} more kinds of rows are not shown here; all are in {name}.",
        "另有 {count:,} 类未在此显示，完整内容见 {name}。",
    ),
    "capped": (
        "Showing {shown:,} of {count:,}; all are in {name}.",
        "显示 {count:,} 行中的前 {shown:,} 行，完整内容见 {name}。",
    ),
    "capped assets": (
        "Showing {shown:,} of {count:,} assets; all are in {name}.",
        "显示 {count:,} 个媒资中的前 {shown:,} 个，完整内容见 {name}。",
    ),
    # doubts
    "doubts": ("What is in doubt", "存疑的媒资"),
    "no doubts": ("Nothing is in doubt.", "没有存疑的行。"),
    "doubts told": (
        (
            "These were sent, no trustworthy answer came, and their state could not settle "
            "it. They are "
            "neither confirmed nor failed: run the same job again, which asks for their "
            "state first."
        ),
        (
            "以下媒资已发送，但没有得到可信的应答，读取状态也无法判定。既不能算已确认，也不能算失败："
            "请重新运行同一任务，程序会先查询其状态。"
        ),
    ),
    "doubts running": (
        "The run is still going on: some of these are under way and will get their answer.",
        "任务仍在运行：其中部分请求正在处理中，稍后会有结果。",
    ),
    # input
    "input": ("What was wrong with the input", "输入数据的问题"),
    "no trouble": ("Every row had a usable ID.", "每一行都有可用的媒资ID。"),
    "input told": (
        "{count:,} rows have no usable ID and were never sent.",
        "{count:,} 行没有可用的媒资ID，未发送。",
    ),
    # course
    "course": ("How it went", "运行过程"),
    "no course": (
        "No request left, so there is nothing to draw.",
        "没有发送任何请求，因此没有图表。",
    ),
    "course told": (
        (
            "{sent:,} assets were sent, the first at {begin}, the last answered at {end} "
            "(UTC): {took}."
        ),
        "共发送 {sent:,} 个媒资，首次发送于 {begin}，最后应答于 {end}（UTC），历时 {took}。",
    ),
    "unreadable": (
        "{count:,} times of sending could not be read and are left out of the charts.",
        "有 {count:,} 个发送时间无法识别，未计入图表。",
    ),
    "over time": (
        "Outcomes by the time of first sending, each column {width}",
        "按首次发送时间统计的结果（每柱 {width}）",
    ),
    "rate": ("Calls a minute, against the quota", "每分钟调用数与配额"),
    "calls from journal": (
        "Every sending counts, repeated ones too: from the journal of the run.",
        "统计每一次发送，包括重发：数据来自任务日志。",
    ),
    "calls from table": (
        (
            "Only the first sending of each asset counts: the table does not tell when "
            "others left. "
            "The journal of the run does: vodnb report <run ID>."
        ),
        "只统计每个媒资的首次发送：表格不记录重发的时间，任务日志中有（vodnb report <任务ID>）。",
    ),
    "calls": ("calls", "调用"),
    "throttled": ("throttled", "被限流"),
    "quota": ("quota {count:,}/min", "配额 {count:,}次/分钟"),
    "per minute": ("calls/min", "次/分钟"),
    "rate told": (
        "Highest {top:,} calls a minute in one column; the quota is {quota:,}.",
        "单柱最高每分钟 {top:,} 次，配额为每分钟 {quota:,} 次。",
    ),
    "was throttled": (
        "The service throttled {count:,} sendings: it did nothing for them, and they are repeated.",
        "服务端限流 {count:,} 次：这些请求未被处理，会重新发送。",
    ),
    "not throttled": ("The service throttled nothing.", "没有被限流。"),
    "throttle unknown": (
        "The table does not record throttling.",
        "表格不记录限流情况。",
    ),
    "latency": ("Time to the answer", "应答耗时"),
    "latency told": (
        (
            "Half of the answers took at most {p50:,} ms, 95 % at most {p95:,} ms, 99 % at most "
            "{p99:,} ms; the slowest took {max:,} ms."
        ),
        (
            "50% 的应答不超过 {p50:,} 毫秒，95% 不超过 {p95:,} 毫秒，99% 不超过 {p99:,} 毫秒，最慢 "
            "{max:,} 毫秒。"
        ),
    ),
    "no latency": ("The table tells no durations.", "表格没有记录耗时。"),
    "attempts": ("Attempts", "发送次数"),
    "attempts told": (
        "{once:,} assets took one sending, {more:,} took more.",
        "{once:,} 个媒资发送一次即有结果，{more:,} 个发送了多次。",
    ),
    "retries": ("Sendings an asset took", "每个媒资的发送次数"),
    "asset unit": ("assets", "媒资数"),
    # states
    "states": ("What state the assets ended in", "媒资的最终状态"),
    "no states": ("No asset was looked up.", "没有查询过媒资状态。"),
    "not looked": ("not looked up", "未查询"),
    "not looked told": (
        "Its state was neither looked up before sending nor read back.",
        "发送前没有查询状态，发送后也没有回读。",
    ),
    "before only": ("as looked up before sending", "发送前查询所得"),
    # changes
    "changes": ("Since the earlier report", "与上一次报告相比"),
    "newly_settled": (
        "Newly settled: not confirmed then, confirmed now",
        "新确认：上次未确认，本次已确认",
    ),
    "newly_failed": ("Newly failed: not failed then, failed now", "新失败：上次未失败，本次失败"),
    "still_hanging": ("Still hanging: not confirmed then, nor now", "仍未解决：上次和本次均未确认"),
    "lost": (
        "Confirmed then, open now: this run has not settled them again",
        "上次已确认，本次未得出结果",
    ),
    "settled_both": ("Confirmed then and now", "两次均已确认"),
    "new": ("Only in this report, and not failed", "仅出现在本次报告中（未失败）"),
    "gone": ("Only in the earlier report", "仅出现在上一次报告中"),
    # appendix
    "appendix": ("Appendix", "附录"),
    "facts": ("The run", "任务信息"),
    "fact run": ("Run ID", "任务ID"),
    "fact status": ("Status asked for", "请求的状态"),
    "fact state": ("State of the run", "任务状态"),
    "fact began": ("Began (UTC)", "开始时间（UTC）"),
    "fact endpoint": ("Endpoint", "终端节点"),
    "fact project": ("Project ID", "项目ID"),
    "fact journal": ("Journal", "任务日志"),
    "fact source": ("Source of the assets", "媒资来源文件"),
    "fact made": ("Report made (UTC)", "报告生成时间（UTC）"),
    "finished": ("finished", "已完成"),
    "state unfinished": ("not finished", "未完成"),
    "under way": ("under way", "运行中"),
    "settings": ("Settings, secrets masked", "配置（敏感信息已隐藏）"),
    "versions": ("Versions", "版本"),
    "files": ("Files beside this report", "随附文件"),
    "file results": (
        "every row and column, request IDs among them: the whole audit trail",
        "全部数据行与全部列（含请求ID，即完整的审计记录）",
    ),
    "file workbook": ("the same as an Excel workbook", "同上，Excel工作簿"),
    "file attention": ("the rows that somebody has to act on", "需要处理的行"),
    "file timeline": ("the numbers of the charts over time", "时间图表对应的数据"),
    "file earlier": (
        "the earlier outcomes, for running this notebook again",
        "上一次的结果，供重新运行本笔记本使用",
    ),
    "file comparison": (
        "every asset that changed since the earlier report",
        "自上次报告以来有变化的媒资",
    ),
    "no workbook": (
        (
            "There is no Excel workbook: it is written up to {most:,} rows, and the table "
            "has {rows:,}. "
            "The CSV holds all of them."
        ),
        "未生成Excel工作簿：超过 {most:,} 行时不再生成，本表有 {rows:,} 行，CSV中有全部数据。",
    ),
    "no excel": (
        'There is no Excel workbook: it takes the extra "excel" (pip install "vodnb[excel]").',
        '未生成Excel工作簿：需要安装扩展 excel（pip install "vodnb[excel]"）。',
    ),
    "audit": ("Audit trail by request ID", "审计记录（按请求ID）"),
    "no audit": ("No request has an ID.", "没有带请求ID的请求。"),
    "rerun": ("Running this notebook again", "重新运行本笔记本"),
    "rerun told": (
        (
            "This notebook runs again from its own folder, with the folder {folder} beside "
            "it; papermill "
            "can set the parameters. It reads the figures that were counted when the report "
            "was made, "
            "and counts anew where a table or a parameter has changed since."
        ),
        (
            "保留同目录下的 {folder} 文件夹即可在原位置重新运行本笔记本，也可用papermill设置参数。"
            "默认读取生成报告时的统计数据；表格或参数有变化时会重新统计。"
        ),
    ),
    "parameters": (
        "Parameters; paths start from this notebook",
        "参数（路径相对于本笔记本）",
    ),
    "parameter against": (
        "an earlier results table to compare with, or none",
        "用于对比的上一次结果表，可为空",
    ),
    "parameter lang": ("zh or en", "zh 或 en"),
    "parameter max_rows": ("the most rows of one table here", "每个表格最多显示的行数"),
    # columns
    "row": ("row", "行号"),
    "asset": ("asset ID", "媒资ID"),
    "state": ("state", "状态"),
    "http": ("HTTP", "HTTP"),
    "tries": ("tries", "次数"),
    "request": ("request ID", "请求ID"),
    "sent": ("sent (UTC)", "发送时间（UTC）"),
    "outcome": ("outcome", "结果"),
    "rows": ("rows", "行数"),
    "assets": ("assets", "媒资数"),
    "share": ("share", "占比"),
    "meaning": ("meaning", "含义"),
    "needs": ("needs", "需要"),
    "cell": ("cell as read", "原始内容"),
    "verdict": ("verdict", "判定"),
    "note": ("note", "说明"),
    "then": ("then", "上次"),
    "now": ("now", "本次"),
    "code": ("error code", "错误码"),
    "change": ("change", "变化"),
    "name": ("name", "名称"),
    "value": ("value", "值"),
    "file": ("file", "文件"),
    "holds": ("holds", "内容"),
    "all rows": ("all rows", "总行数"),
    # what report() says
    "written": ("Report: {page}", "报告：{page}"),
    "also": ("Notebook: {notebook}, tables: {folder}", "笔记本：{notebook}，表格：{folder}"),
    "parties": (
        "{count:,} files for {rows:,} rows in {folder}",
        "已写入 {folder}：{count:,} 个文件，共 {rows:,} 行",
    ),
    "party": ("{needs}: {name} ({rows:,})", "{needs}：{name}（{rows:,} 行）"),
    "no parties": ("Nobody has to act: no file was written.", "无需任何处理：未写入文件。"),
}


def word(key: str, lang: Lang, **values: object) -> str:
    """Return one of our sentences, filled in.

    Args:
        key: Which one.
        lang: In which language.
        values: What stands in its braces.
    """
    return phrase(WORDS[key], lang, **values)
