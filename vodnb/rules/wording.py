"""The words of people for our own words, in both languages. Pure.

Column names and codes stay English in every language; only what is said about them is translated.
"""

from __future__ import annotations

import unicodedata

from .model import Lang, Needs, Outcome, Verdict

__all__ = [
    "clock",
    "needs_in_words",
    "outcome_in_words",
    "padded",
    "phrase",
    "say",
    "verdict_in_words",
    "width_of",
]

_OUTCOMES: dict[Outcome, tuple[str, str]] = {
    Outcome.CONFIRMED: ("confirmed", "已确认"),
    Outcome.ALREADY_CONFIRMED: ("already confirmed", "此前已确认"),
    Outcome.FAILED: ("failed", "失败"),
    Outcome.IN_DOUBT: ("in doubt", "存疑"),
    Outcome.NOT_SENT: ("not sent", "未发送"),
    Outcome.INVALID: ("invalid", "无效行"),
}

_NEEDS: dict[Needs, tuple[str, str]] = {
    Needs.NOTHING: ("nothing", "无需处理"),
    Needs.CONFIRM: ("confirm", "确认"),
    Needs.RETRY: ("retry", "重试"),
    Needs.RE_UPLOAD: ("re-upload", "重新上传"),
    Needs.FIX_THE_ID: ("fix the ID", "更正媒资ID"),
    Needs.ADMINISTRATOR: ("administrator", "联系管理员"),
    Needs.WAIT: ("wait", "等待"),
    Needs.LOOK: ("look", "核查"),
}

_VERDICTS: dict[Verdict, tuple[str, str]] = {
    Verdict.OK: ("ok", "正常"),
    Verdict.CLEANED: ("cleaned", "已清理"),
    Verdict.DUPLICATE: ("duplicate", "重复"),
    Verdict.EMPTY: ("empty", "空白"),
    Verdict.MANGLED: ("mangled", "已损坏"),
    Verdict.NOT_AN_ID: ("not an ID", "不是媒资ID"),
    Verdict.RAGGED: ("ragged", "列数不符"),
}

_SENTENCES: dict[str, tuple[str, str]] = {
    "checking": ("Checking the connection", "正在检查连接"),
    "sending": ("Confirming", "正在确认"),
    "settling": ("Asking for the states of doubtful assets", "正在核对存疑媒资的状态"),
    "verifying": ("Reading back", "正在回读状态"),
    "read back": ("{done:,}/{total:,} read back", "已回读 {done:,}/{total:,}"),
    "spared": (
        "looking took {looks:,} calls and spared {count:,}",
        "查询用了 {looks:,} 次调用，省去 {count:,} 次确认",
    ),
    "asking": ("Asking for states", "正在查询状态"),
    "sweeping": ("Sweeping the project", "正在查找"),
    "found": ("{count:,} found", "找到 {count:,} 个"),
    "expected": ("of {count:,}", "共 {count:,} 个"),
    "swept": ("Created {start} to {end} ({utc})", "创建时间：{start} 至 {end}（{utc}）"),
    "too young": (
        "{count:,} younger ones are left out: they may still be uploading (min_age).",
        "有 {count:,} 个较新的媒资未列出：可能仍在上传（min_age）。",
    ),
    "left open": (
        "NOT COMPLETE: the window {window} could not be read whole.",
        "结果不完整：时间段 {window} 未能完整读取。",
    ),
    "untold": ("not told", "未返回"),
    "unread": (
        "{count:,} assets could not be asked for: see error_code. Run the same cell again.",
        "有 {count:,} 个媒资未能查询：见error_code列。请再次运行本单元格。",
    ),
    "finished": ("Finished", "已完成"),
    "stopped": ("Stopped", "已停止"),
    "paused": ("Paused", "已暂停"),
    "assets": ("{done:,}/{total:,} assets", "媒资 {done:,}/{total:,}"),
    "left": ("{time} left", "剩余 {time}"),
    "took": ("took {time}", "用时 {time}"),
    "slowed": ("throttled ({code}), waiting", "被限流（{code}），等待中"),
    "missing": (
        (
            "{count:,} assets are unknown to the service (VOD.10062). "
            "Is this the right project, region and ID column?"
        ),
        "有 {count:,} 个媒资在服务端不存在（VOD.10062）。请检查项目、区域和 ID 列是否正确。",
    ),
    "in_doubt": (
        (
            "{count:,} assets are in doubt: they were sent, and no trustworthy answer came. "
            "Run the same cell again to ask for their states."
        ),
        "有 {count:,} 个媒资存疑：已发送，但没有得到可信的应答。请再次运行本单元格以查询其状态。",
    ),
    "not_sent": (
        "{count:,} assets were not sent. Run the same cell again to go on.",
        "有 {count:,} 个媒资未发送。再次运行本单元格即可继续。",
    ),
    "dry": (
        (
            "A dry run: nothing was sent. {count:,} assets would be sent as {status} to project "
            "{project} at {endpoint}."
        ),
        (
            "试运行：没有发送任何请求。将有 {count:,} 个媒资以 {status} 发送到项目 {project}"
            "（{endpoint}）。"
        ),
    ),
    "loaded": (
        "{rows} from {source}{how}: {verdicts}; {parts}",
        "已载入 {source}{how}：{rows}：{verdicts}；{parts}",
    ),
    "to confirm": ("{assets} to confirm", "待确认 {assets}"),
    "unusual": (
        "{count:,} of an unusual form (not 32 hex digits)",
        "其中 {count:,} 个形式少见（不是32位十六进制）",
    ),
    "needs a look": ("{rows} needs a look", "{rows}需要查看"),
    "need a look": ("{rows} need a look", "{rows}需要查看"),
    "first troubles": ("First rows that need a look", "需要查看的前几行"),
    "nothing in it": ("nothing in it", "没有内容"),
    "above": ("{lines} above the titles left out; ", "已略去标题上方的 {lines}；"),
    "chosen": (
        "chosen: {choices}; each can be given as an argument",
        "自动选定：{choices}；均可用参数指定",
    ),
    "verdict": ("verdict", "判定"),
    "row": ("row", "行"),
    "cell": ("cell", "单元格"),
    "note": ("note", "说明"),
    "why": ("Reason: {code} {reason}", "原因：{code} {reason}"),
    "compared both": (
        "{count:,} in both, with no known difference",
        "两边都有且无已知差异：{count:,}",
    ),
    "compared differs": ("{count:,} in both, in different states", "两边都有但状态不同：{count:,}"),
    "compared only_ours": ("{count:,} only in ours", "仅在我方表中：{count:,}"),
    "compared only_theirs": ("{count:,} only in theirs", "仅在对方表中：{count:,}"),
    "compared left out": (
        "{count:,} rows left out: no usable ID",
        "未参与比较的行（没有可用的ID）：{count:,}",
    ),
    "estimate assets": ("{count:,} assets", "媒资 {count:,} 个"),
    "estimate looks": ("{calls} calls to look at them", "查询状态：{calls} 次调用"),
    "estimate confirms": ("{calls} calls to confirm", "确认：{calls} 次调用"),
    "estimate reads": ("{calls} calls to read back", "回读状态：{calls} 次调用"),
    "estimate time": ("{time} at this rate", "按此速率约需 {time}"),
    "rows": ("{count:,} rows: {parts}.", "共 {count:,} 行：{parts}。"),
    "as expected": (
        "Every row came out as it should: {count:,} of {count:,}.",
        "每一行的结果都与预期一致：{count:,}/{count:,}。",
    ),
    "no rows": ("No rows.", "没有数据行。"),
    "outcome": ("outcome", "结果"),
    "code": ("error code", "错误码"),
    "count": ("rows", "行数"),
    "meaning": ("meaning", "含义"),
    "needs": ("needs", "需要"),
    "next": ("next step", "下一步"),
}


def outcome_in_words(outcome: Outcome, lang: Lang) -> str:
    """Return an outcome as people say it."""
    return phrase(_OUTCOMES[outcome], lang)


def needs_in_words(needs: Needs, lang: Lang) -> str:
    """Return what a row needs as people say it."""
    return phrase(_NEEDS[needs], lang)


def verdict_in_words(verdict: Verdict, lang: Lang) -> str:
    """Return a verdict as people say it."""
    return phrase(_VERDICTS[verdict], lang)


def phrase(pair: tuple[str, str], lang: Lang, **values: object) -> str:
    """Return the text of one language, filled in.

    Args:
        pair: The text in English and in Chinese.
        lang: In which language.
        values: What stands in its braces.
    """
    english, chinese = pair
    return (chinese if lang == "zh" else english).format(**values)


def say(key: str, lang: Lang, **values: object) -> str:
    """Return one of our sentences, filled in.

    Args:
        key: Which one.
        lang: In which language.
        values: What stands in its braces.
    """
    return phrase(_SENTENCES[key], lang, **values)


def clock(seconds: float) -> str:
    """Return a time as hours, minutes and seconds."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def width_of(text: str) -> int:
    """Return how many columns a text takes in a terminal: a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def padded(text: str, width: int) -> str:
    """Return a text that takes this many columns, or as many as it needs."""
    return text + " " * max(width - width_of(text), 0)
