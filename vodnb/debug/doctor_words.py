"""What the doctor says, in both languages. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vodnb.rules.wording import phrase

if TYPE_CHECKING:
    from vodnb.rules.model import Lang

__all__ = ["tell"]

_WORDS: dict[str, tuple[str, str]] = {
    "python": ("Python", "Python"),
    "kernel": ("kernel", "内核"),
    "packages": ("packages", "软件包"),
    "settings": ("settings", "配置"),
    "dns": ("DNS", "域名解析"),
    "tls": ("TLS", "TLS"),
    "proxy": ("proxy", "代理"),
    "clock": ("clock", "时钟"),
    "credential": ("credential", "凭证"),
    "quota": ("quota", "配额"),
    "skipped": ("not looked at: {why} comes first", "未检查：须先解决{why}"),
    "python old": ("{version}: vodnb needs 3.11", "{version}：vodnb需要3.11"),
    "python old do": (
        "Install Python 3.11 or newer, and vodnb in it.",
        "请安装Python 3.11或更高版本并在其中安装vodnb。",
    ),
    "no threads": (
        "this Python runs in a browser and has no threads",
        "该Python在浏览器中运行，没有线程",
    ),
    "no threads do": (
        "Use a kernel that runs on a server or on your computer.",
        "请使用运行在服务器或本机上的内核。",
    ),
    "no kernel": ("none: a plain Python", "无：普通Python进程"),
    "kernel told": ("ipykernel {version}", "ipykernel {version}"),
    "pair applied": (
        (
            "{name} {version} is applied on ipykernel {kernel}: cells that are queued behind a "
            "nested asyncio.run(...) never run"
        ),
        (
            "已在ipykernel {kernel} 上启用 {name} {version}：排在嵌套asyncio.run(...)之后的"
            "单元格不会运行"
        ),
    ),
    "pair here": (
        (
            "{name} {version} beside ipykernel {kernel}: were it applied, queued cells would be "
            "dropped without a word. vodnb never applies it by itself"
        ),
        (
            "{name} {version} 与ipykernel {kernel} 并存：一旦启用，排队的单元格会被无声丢弃。"
            "vodnb不会自行启用"
        ),
    ),
    "pair do": (
        'pip install "nest-asyncio2>=1.7.4" and restart the kernel; or `await ...` in cells.',
        '请执行 pip install "nest-asyncio2>=1.7.4" 并重启内核；或在单元格中使用 `await ...`。',
    ),
    "missing": ("{names} not installed", "未安装 {names}"),
    "missing do": (
        "Install vodnb anew: pip install --force-reinstall vodnb.",
        "请重新安装vodnb：pip install --force-reinstall vodnb。",
    ),
    "settings told": (
        "{endpoint}, region {region}, project {project}, signed in with {way}",
        "{endpoint}，区域 {region}，项目 {project}，认证方式 {way}",
    ),
    "looked up": ("looked up", "自动查找"),
    "not given": ("not given", "未指定"),
    "foreign": (
        "{endpoint} is not a host of Huawei Cloud, and gets the credential",
        "{endpoint} 不是华为云主机，凭证会发送给它",
    ),
    "foreign do": (
        "If you did not mean that, unset VODNB_ENDPOINT.",
        "如非本意，请取消设置VODNB_ENDPOINT。",
    ),
    "dns told": ("{host} is {addresses}", "{host} 解析为 {addresses}"),
    "dns by proxy": (
        "{host}: left to the proxy; the proxy's own name is known",
        "{host}：由代理解析；代理自身的域名可解析",
    ),
    "dns bad": ("{host} is not known: {message}", "无法解析 {host}：{message}"),
    "no answer": ("no answer", "没有应答"),
    "dns do": (
        "Check the region's name and this machine's DNS. VOD runs in {regions}.",
        "请检查区域名和本机DNS。VOD支持的区域：{regions}。",
    ),
    "tls told": ("the certificate of {host} is trusted", "{host} 的证书受信任"),
    "tls none": (
        "{host} is this very machine, spoken to without TLS",
        "{host} 为本机，不使用TLS",
    ),
    "tls bad": ("{message}", "{message}"),
    "tls do": (
        "Behind an inspecting proxy name its CA: VODNB_CA_BUNDLE. The check is never turned off.",
        "如经过检查TLS的代理，请用VODNB_CA_BUNDLE指定其CA。证书校验不会被关闭。",
    ),
    "unreached": ("{host} was not reached: {message}", "无法连接 {host}：{message}"),
    "unreached do": (
        "Check the endpoint, the network and the proxy's variables (HTTPS_PROXY, NO_PROXY).",
        "请检查终端节点、网络以及代理变量（HTTPS_PROXY、NO_PROXY）。",
    ),
    "proxy none": ("none on the way", "途中没有代理"),
    "proxy told": ("{proxy}", "{proxy}"),
    "proxy bad": ("{proxy} answers in VOD's place: {message}", "{proxy} 代替VOD应答：{message}"),
    "proxy do": (
        "Sign in to the proxy, or name VOD's host in NO_PROXY.",
        "请登录代理，或将VOD主机名加入NO_PROXY。",
    ),
    "keylog": (
        "SSLKEYLOGFILE is set: whoever reads that file can read every call",
        "已设置SSLKEYLOGFILE：能读取该文件者可解密全部通信",
    ),
    "keylog do": ("Unset SSLKEYLOGFILE.", "请取消设置SSLKEYLOGFILE。"),
    "clock told": (
        "right to {seconds} s, by the Date of the service",
        "与服务端时间相差 {seconds} 秒",
    ),
    "clock off": (
        "{minutes} minutes {way} of the service's, and a signature holds for 15",
        "比服务端{way} {minutes} 分钟，而签名有效期为15分钟",
    ),
    "ahead": ("ahead", "快"),
    "behind": ("behind", "慢"),
    "clock do": ("Set this machine's clock (NTP).", "请校准本机时钟（NTP）。"),
    "clock unknown": ("the answer bore no date", "应答中没有日期"),
    "credential told": (
        "accepted for project {project}; states may be read",
        "已被项目 {project} 接受；可查询状态",
    ),
    "credential unread": (
        "accepted for project {project}; states may not be read ({code})",
        "已被项目 {project} 接受；无权查询状态（{code}）",
    ),
    "credential unread do": (
        "Runs go on without looking. To look, grant {permission}.",
        "运行时将不查询状态。如需查询，请授予 {permission}。",
    ),
    "credential bad": ("{code}: {message}", "{code}：{message}"),
    "quota told": (
        "not throttled; published for one tenant, a minute: {quotas}",
        "未被限流；每租户每分钟的公布配额：{quotas}",
    ),
    "quota used": (
        "throttled right now ({code}): somebody uses this tenant's quota",
        "当前被限流（{code}）：该租户的配额正被占用",
    ),
    "quota do": (
        "Wait a minute; runs slow down by themselves and go on.",
        "请等待一分钟；运行会自动降速并继续。",
    ),
    "quota unknown": (
        "published for one tenant, a minute: {quotas}",
        "每租户每分钟的公布配额：{quotas}",
    ),
}


def tell(key: str, lang: Lang, **values: object) -> str:
    """Return one of the doctor's texts, filled in.

    Args:
        key: Which one.
        lang: In which language.
        values: What stands in its braces.
    """
    return phrase(_WORDS[key], lang, **values)
