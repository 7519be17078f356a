"""What the form that inspects says, in both languages. Pure."""

from __future__ import annotations

__all__ = ["INSPECT_WORDS"]

INSPECT_WORDS: dict[str, tuple[str, str]] = {
    "one call": ("One call", "单次调用"),
    "operation": ("Operation", "接口"),
    "all fields": ("All fields", "全部字段"),
    "not given": ("(not given)", "（不填）"),
    "a line each": ("one value a line", "每行一个值"),
    "about": (
        "{method} {path} · {quota} · needs {permission}",
        "{method} {path} · {quota} · 需要权限 {permission}",
    ),
    "no permission": ("no permission of its own", "无专门权限"),
    "send": ("Send", "发送"),
    "send tip": ("Make this one call", "发出这一次调用"),
    "sending": ("Sending …", "正在发送……"),
    "destroy one": ("Type 1", "输入1"),
    "destroy one hint": (
        "{status} destroys the uploaded parts of this asset for good. Type 1 if you mean it.",
        "{status} 将永久销毁该媒资已上传的分片。确认无误请输入1。",
    ),
    "destroy one wrong": (
        "{status} destroys uploaded parts, and 1 was not typed. Nothing was sent.",
        "{status} 会销毁已上传的分片，而未输入1。未发送请求。",
    ),
    "will leave": ("What will be sent", "将要发送的请求"),
    "not ready": ("Not ready to send: {what}", "尚不能发送：{what}"),
    "past": ("Exchange", "往来记录"),
    "none yet": ("(none yet)", "（暂无）"),
    "replay": ("Replay", "重放"),
    "replay tip": ("Make the call of this exchange again", "再次发出该往来记录的请求"),
    "other": ("Compare with", "对比"),
    "compare": ("Compare", "比较"),
    "compare tip": ("Show what differs between the two", "显示两次往来记录的差异"),
    "script as": ("Copy as", "复制为"),
    "script": ("Script", "脚本"),
    "script hint": (
        "Select all and copy. Secrets are environment variables; the script holds none.",
        "全选并复制。密钥使用环境变量，脚本中不含密钥。",
    ),
    "success": ("success", "成功"),
    "no answer": ("no answer", "没有应答"),
    "codes and assets": ("An error code, or one asset", "错误码或单个媒资"),
    "need call": ("Make a call first.", "请先发出一次调用。"),
    "row unconnected": (
        "Connect (part 1) to see the exact request and answer of this row.",
        "请先连接（第1步），即可查看该行的完整请求与应答。",
    ),
}
