"""What the debug room says beside causes: labels and notes, in both languages. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vodnb.rules.wording import phrase

if TYPE_CHECKING:
    from vodnb.rules.model import Lang

__all__ = ["NOTES", "say"]

NOTES: dict[str, tuple[str, str]] = {
    "preview": ("Not sent: this is what would leave.", "尚未发送：以下为将要发出的请求。"),
    "settled": (
        (
            "Not kept: the journal keeps the exchanges of failures only. The request is built "
            "anew from the row, and the answer is what the row tells of it."
        ),
        "未保存：日志只保存失败的往来记录。请求按该行重新构建，应答为该行所记录的内容。",
    ),
    "capped": (
        (
            "Not kept: the journal keeps the exchanges of the first {most:,} failures of a run. "
            "The request is built anew from the row, and the answer is what the row tells of it."
        ),
        (
            "未保存：每次运行只保存前 {most:,} 个失败的往来记录。"
            "请求按该行重新构建，应答为该行所记录的内容。"
        ),
    ),
    "no journal": (
        (
            "Not kept: the journal of run {run_id} was not found, or it kept none. The request "
            "is built anew from the row, and the answer is what the row tells of it."
        ),
        (
            "未保存：未找到运行 {run_id} 的日志，或该次运行未记日志。"
            "请求按该行重新构建，应答为该行所记录的内容。"
        ),
    ),
    "older": (
        (
            "Not kept: the journal of run {run_id} has none for this row; an older vodnb wrote it, "
            "or it was salvaged. The request is built anew from the row, and the answer is what "
            "the row tells of it."
        ),
        (
            "未保存：运行 {run_id} 的日志中没有该行的往来记录（由旧版vodnb写入，或经过抢救）。"
            "请求按该行重新构建，应答为该行所记录的内容。"
        ),
    ),
    "unsent": (
        "Nothing was sent for this row: {code} was decided here. The request is what would leave.",
        "该行没有发送请求：{code} 由本机判定。以下为将要发出的请求。",
    ),
    "kept": (
        "Kept by the journal of run {run_id}; bodies over {size:,} characters are cut there.",
        "取自运行 {run_id} 的日志；超过 {size:,} 个字符的正文已被截断。",
    ),
    "looked": (
        "The asset was looked up and never sent: its state settled the row.",
        "只查询了状态，没有发送确认请求：该行由其状态判定。",
    ),
}
"""What is said of an exchange that is not simply one that was sent just now."""

_WORDS: dict[str, tuple[str, str]] = {
    "request": ("Request", "请求"),
    "answer": ("Answer", "应答"),
    "none": ("none", "无"),
    "no answer": ("no answer: {message}", "没有应答：{message}"),
    "not sent": ("not sent", "未发送"),
    "signed with": ("Signed with", "认证方式"),
    "token": ("token", "Token"),
    "key": ("AK/SK", "AK/SK"),
    "temporary key": ("temporary AK/SK", "临时AK/SK"),
    "user": ("IAM user's token", "IAM用户的Token"),
    "code": ("Code", "错误码"),
    "success": ("success", "成功"),
    "message": ("Message", "消息"),
    "meaning": ("Meaning", "含义"),
    "next step": ("Next step", "下一步"),
    "cause": ("Cause", "原因"),
    "do": ("What to do", "处理方法"),
    "request ID": ("Request ID", "请求ID"),
    "quote": ("{id} (quote it to support)", "{id}（联系技术支持时请提供）"),
    "attempts": ("Attempts", "发送次数"),
    "timings": ("Timings", "耗时"),
    "connect": ("connect {ms} ms", "建立连接 {ms} ms"),
    "reused": ("connection reused", "复用连接"),
    "tls": ("TLS {ms} ms", "TLS {ms} ms"),
    "first byte": ("first byte {ms} ms", "首字节 {ms} ms"),
    "total": ("total {ms} ms", "共 {ms} ms"),
    "sent at": ("Sent at", "发送时间"),
    "docs": ("Documentation", "文档"),
    "explorer": ("API Explorer", "API Explorer"),
    "note": ("Note", "说明"),
    "more": ("… {count:,} more characters", "……另有 {count:,} 个字符"),
    "cut": ("(the answer was longer than what is kept)", "（应答超出保存长度，已截断）"),
    "canonical": ("What was signed", "签名内容"),
    "line": ("line", "行"),
    "ours": ("ours", "我方"),
    "theirs": ("the gateway's", "网关"),
    "first difference": ("first difference", "首个差异"),
    "left": ("this one", "本次"),
    "right": ("the other", "另一次"),
    "part": ("part", "部分"),
    "diff": ("{count} differences", "{count} 处不同"),
    "same": ("No difference.", "没有差异。"),
    "volatile": (
        "Left out, for they differ each time: dates, signatures, request IDs, timings.",
        "已忽略每次都不同的内容：日期、签名、请求ID、耗时。",
    ),
    "field": ("field", "字段"),
    "field required": ("required", "必填"),
    "field list": ("list", "列表"),
    "field most": ("at most {count}", "最多 {count} 个"),
    "field bytes": ("at most {count} bytes", "最多 {count} 字节"),
    "limits": ("limits", "限制"),
    "quota": ("Quota", "配额"),
    "quota said": ("{count:,} calls a minute for one tenant", "每租户每分钟 {count:,} 次"),
    "quota none": ("none is published", "未公布"),
    "permission": ("Permission", "所需权限"),
    "check": ("check", "检查项"),
    "result": ("result", "结果"),
    "told": ("what was found", "发现"),
    "level ok": ("ok", "正常"),
    "level warn": ("WARN", "注意"),
    "level bad": ("BAD", "异常"),
    "level skipped": ("-", "-"),
    "all well": ("All is well.", "一切正常。"),
    "some warn": ("Works, with {count} to mind.", "可用，有 {count} 项需注意。"),
    "some bad": ("{count} must be mended first.", "有 {count} 项须先解决。"),
}


def say(key: str, lang: Lang, **values: object) -> str:
    """Return one of the texts, filled in.

    Args:
        key: Which one.
        lang: In which language.
        values: What stands in its braces.
    """
    return phrase(_WORDS[key] if key in _WORDS else NOTES[key], lang, **values)
