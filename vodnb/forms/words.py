"""What the forms say, in both languages. Pure.

Codes, states and column names stay English in every language; only what is said of them is not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vodnb.rules.wording import phrase

from .inspect_words import INSPECT_WORDS
from .report_words import REPORT_WORDS
from .run_words import RUN_WORDS

if TYPE_CHECKING:
    from vodnb.rules.model import Lang

__all__ = ["WORDS", "word"]

WORDS: dict[str, tuple[str, str]] = {
    **RUN_WORDS,
    **INSPECT_WORDS,
    **REPORT_WORDS,
    # the app
    "language": ("Language", "语言"),
    "part connect": ("1 Connect", "1 连接"),
    "part load": ("2 Load", "2 载入"),
    "part look": ("3 Look", "3 查看"),
    "part confirm": ("4 Confirm", "4 确认"),
    "part results": ("5 Results", "5 结果"),
    "part inspect": ("Inspect", "检查"),
    "next": ("Next: {part}", "下一步：{part}"),
    "not connected": ("not connected", "未连接"),
    "the sandbox": ("sandbox on this machine", "本机沙箱"),
    "the service": ("{host}, project {project}", "{host}，项目 {project}"),
    "counted": ("{what} ({count:,})", "{what}（{count:,}）"),
    "no assets": ("no assets loaded", "未载入媒资"),
    "assets loaded": ("{count:,} assets to confirm", "待确认媒资 {count:,} 个"),
    "live": (
        "vodnb: a live form. What it showed last stands below.",
        "vodnb：交互表单，最近显示的内容见下方。",
    ),
    "still": (
        "What the form showed last. Run the cell again to work with it.",
        "以下为表单最近显示的内容。重新运行该单元格即可继续操作。",
    ),
    "working": ("Working …", "处理中……"),
    "unexpected": ("Something unexpected went wrong: {what}", "发生意外错误：{what}"),
    "need connection": ("Connect first (part 1).", "请先连接（第1步）。"),
    "need assets": ("Load assets first (part 2).", "请先载入媒资（第2步）。"),
    "need results": (
        "There are no results yet: confirm first (part 4).",
        "尚无结果：请先确认（第4步）。",
    ),
    # connect
    "where": ("Connect to", "连接到"),
    "where sandbox": ("Sandbox on this machine", "本机沙箱"),
    "where real": ("Huawei Cloud VOD", "华为云VOD"),
    "where hint": (
        "The sandbox speaks the same API and needs no account.",
        "沙箱使用相同的API，无需账号。",
    ),
    "how": ("Sign in with", "登录方式"),
    "how found": ("what is set up here", "本机已有配置"),
    "how token": ("a token", "Token"),
    "how key": ("AK/SK", "AK/SK"),
    "how user": ("an IAM user", "IAM用户"),
    "how hint": (
        "Environment variables, the SDK's profile file and the keyring are looked through.",
        "将依次查找环境变量、SDK配置文件和系统密钥环。",
    ),
    "secret hint": (
        (
            "A secret is taken when you leave its box, and the box is emptied: it is not saved "
            "with the notebook. Enter it while no cell is running."
        ),
        "离开输入框时密钥即被取走，输入框随之清空，不会随笔记本保存。请在没有单元格运行时输入。",
    ),
    "secret empty": ("type or paste", "输入或粘贴"),
    "secret taken": ("taken, hidden", "已取走，不显示"),
    "region": ("Region", "区域"),
    "region found": ("as set up here", "按本机配置"),
    "project": ("Project ID", "项目ID"),
    "project hint": ("looked up by the region", "按区域自动查找"),
    "endpoint": ("Endpoint", "终端节点"),
    "endpoint hint": ("made from the region", "按区域自动生成"),
    "ca": ("CA file", "CA文件"),
    "ca hint": ("none", "无"),
    "more": ("More settings", "更多设置"),
    "token": ("Token", "Token"),
    "ak": ("AK", "AK"),
    "sk": ("SK", "SK"),
    "security_token": ("Security token", "临时安全Token"),
    "iam_user": ("User name", "用户名"),
    "iam_password": ("Password", "密码"),
    "iam_domain": ("Account", "账号名"),
    "optional": ("for temporary keys only", "仅临时密钥需要"),
    "connect": ("Connect", "连接"),
    "connect tip": (
        "Read the settings and connect; nothing is sent yet",
        "读取配置并连接；尚不发送请求",
    ),
    "test": ("Test", "测试"),
    "test tip": ("Make one call that changes nothing", "发出一次不改变任何内容的请求"),
    "testing": ("Asking the service …", "正在询问服务……"),
    "test good": (
        "The service answered: address, credential and project are right.",
        "服务已应答：地址、凭证和项目均正确。",
    ),
    "test bad": ("The service answered {code}: {meaning}", "服务返回 {code}：{meaning}"),
    "looks secret": (
        (
            "The box {name} held what looks like a secret, and was emptied. Secrets go into the "
            "boxes that hide them."
        ),
        "“{name}”中的内容疑似密钥，已清空。密钥请填入隐藏显示的输入框。",
    ),
    # load
    "path": ("File", "文件"),
    "path hint": (
        "path of a CSV file; matches are offered as you type",
        "CSV文件路径；输入时自动提示",
    ),
    "load": ("Load", "载入"),
    "load tip": ("Load the file", "载入该文件"),
    "upload": ("Upload", "上传"),
    "upload tip": ("Upload a CSV file of up to 10 MB", "上传不超过10 MB的CSV文件"),
    "upload hint": (
        (
            "Up to 10 MB. A larger file never arrives, without a word from the browser: put it "
            "beside the notebook and give its path."
        ),
        "上限10 MB。更大的文件不会到达，浏览器也不会提示：请将其放在笔记本旁并填写路径。",
    ),
    "kept": ("The upload is kept as {name}.", "上传的文件已保存为 {name}。"),
    "paste": ("Paste", "粘贴"),
    "paste hint": ("asset IDs, one a line, or rows of a table", "媒资ID，每行一个，或表格的若干行"),
    "take": ("Load what is pasted", "载入粘贴内容"),
    "take tip": ("Load the pasted text", "载入粘贴的文本"),
    "sample": ("Make a sample of {count}", "生成 {count} 行样例"),
    "sample tip": (
        "Write a CSV of sandbox assets with the usual troubles, and load it",
        "生成带有常见问题的沙箱媒资CSV并载入",
    ),
    "column": ("ID column", "ID列"),
    "encoding": ("Encoding", "编码"),
    "found": ("found by itself", "自动识别"),
    "rows from": (
        "{rows:,} rows from {source}: {assets:,} assets to confirm",
        "{source}：共 {rows:,} 行，待确认媒资 {assets:,} 个",
    ),
    "unusual": (
        "{count:,} of them have an unusual form (not 32 hex digits); they are sent as they are.",
        "其中 {count:,} 个形式少见（不是32位十六进制）；将按原样发送。",
    ),
    "read as": ("Read as: {how}", "读取方式：{how}"),
    "verdict": ("verdict", "判定"),
    "rows": ("rows", "行数"),
    "row": ("row", "行"),
    "cell": ("cell", "单元格"),
    "note": ("note", "说明"),
    "troubles": ("First rows of each trouble", "各类问题的前几行"),
    "will be sent": ("will be sent", "将发送"),
    "sent once": ("sent once, with its first row", "随首行只发送一次"),
    "stays here": ("stays here", "不发送"),
    # look
    "look": ("Look", "查看"),
    "look tip": (
        "Ask for the state of every asset; nothing is changed",
        "查询每个媒资的状态；不改变任何内容",
    ),
    "stop": ("Stop", "停止"),
    "stop look tip": ("Stop asking; what was told stays", "停止查询；已返回的保留"),
    "cost": (
        "A run at the published quota of {rate}: {told}.",
        "按公布的配额 {rate} 运行一次：{told}。",
    ),
    "state": ("state", "状态"),
    "assets": ("assets", "媒资数"),
    "meaning": ("meaning", "含义"),
    "needs": ("needs", "需要"),
    # results
    "outcome": ("Outcome", "结果"),
    "meaning, next step": ("meaning, and the next step", "含义与下一步"),
    "code box": ("Error code", "错误码"),
    "all": ("all ({count:,})", "全部（{count:,}）"),
    "no code": ("none ({count:,})", "无（{count:,}）"),
    "row box": ("Open a row", "打开一行"),
    "page": (
        "Rows {first:,} to {last:,} of {count:,}",
        "第 {first:,}–{last:,} 行，共 {count:,} 行",
    ),
    "no rows": ("No row ended so.", "没有这样的行。"),
    "back": ("Earlier rows", "前一页"),
    "forth": ("Later rows", "后一页"),
    "refresh": ("Refresh", "刷新"),
    "refresh tip": ("Show the table as it stands now", "显示当前结果"),
    "retry": ("Retry {count:,} rows", "重试 {count:,} 行"),
    "retry tip": (
        "Run again what was not sent, is in doubt, or failed in a way that may pass",
        "重新运行未发送、存疑或可能恢复的失败行",
    ),
    "retry set": (
        "The rows are set in part 4: type the count there, and start.",
        "已在第4步选定这些行：请在那里输入数量并开始。",
    ),
    "save as": ("Save as", "另存为"),
    "save": ("Save", "保存"),
    "save tip": (
        "Write the whole table; the name ends in .csv, .xlsx or .parquet",
        "写出整个表；文件名以.csv、.xlsx或.parquet结尾",
    ),
    "saved": ("{rows:,} rows saved as {name}.", "已将 {rows:,} 行保存为 {name}。"),
    "there already": (
        "There is a file {name} already. Press Save again to replace it.",
        "文件 {name} 已存在。再次点击“保存”将替换它。",
    ),
    # inspect
    "inspect code": ("Error code", "错误码"),
    "inspect code hint": ("such as VOD.10062", "例如 VOD.10062"),
    "explain": ("Explain", "解释"),
    "explain tip": ("Say what the code means and what to do", "说明该错误码的含义与处理方法"),
    "inspect asset": ("Asset ID", "媒资ID"),
    "inspect asset hint": ("32 hex digits", "32位十六进制"),
    "ask": ("Ask for its state", "查询状态"),
    "ask tip": ("One call that changes nothing", "一次不改变任何内容的请求"),
}


def word(key: str, lang: Lang, **values: object) -> str:
    """Return one of the forms' texts, filled in.

    Args:
        key: Which one.
        lang: In which language.
        values: What stands in its braces.
    """
    return phrase(WORDS[key], lang, **values)
