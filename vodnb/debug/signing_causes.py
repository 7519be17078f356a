"""The sentences on signatures that were refused, in both languages. Pure."""

from __future__ import annotations

__all__ = ["SIGNING_CAUSES"]

SIGNING_CAUSES: dict[str, tuple[tuple[str, str], tuple[str, str]]] = {
    "sk": (
        (
            (
                "The secret key is wrong: the gateway signed the very same text as we did, "
                "and came "
                "to another signature. The SK does not belong to this AK ({ak}), or was "
                "badly copied."
            ),
            (
                "Copy AK and SK again, together, from the console's file of that key; or "
                "make a new "
                "key. Try once: more than 5 refusals in a row lock the key for 5 minutes."
            ),
        ),
        (
            (
                "SK错误：网关与我方签名的文本完全相同，签名结果却不同。"
                "该SK与此AK（{ak}）不匹配，或复制有误。"
            ),
            (
                "请从控制台下载的密钥文件中重新一并复制AK和SK，或新建密钥。"
                "只试一次：连续失败超过5次，密钥将被锁定5分钟。"
            ),
        ),
    ),
    "ak": (
        (
            (
                "The access key ID is wrong: there is no key {ak}. It is mistyped, was deleted, or "
                "belongs to another cloud (the China site and the international one keep "
                "their own)."
            ),
            "Look at My Credentials, Access Keys in the console, and copy the AK again.",
        ),
        (
            (
                "AK错误：不存在密钥 {ak}。可能是输入有误、已被删除，或属于另一站点"
                "（中国站与国际站的密钥互不相通）。"
            ),
            "请在控制台“我的凭证 > 访问密钥”中核对并重新复制AK。",
        ),
    ),
    "locked": (
        (
            (
                "The access key is locked: it was refused more than 5 times in a row, here or by "
                "another program that uses it."
            ),
            (
                "Wait 5 minutes without a call; mend what was refused first, which the exchange "
                "before this one tells."
            ),
        ),
        (
            "该AK已被锁定：连续认证失败超过5次（本机或使用该密钥的其他程序）。",
            "请等待5分钟且期间不要调用；先解决最初的失败原因（见此前的往来记录）。",
        ),
    ),
    "clock ahead": (
        (
            (
                "This machine's clock is {minutes} minutes ahead of the gateway's, and a signature "
                "holds for 15 minutes."
            ),
            "Set the clock (NTP), then send again. The key itself may well be right.",
        ),
        (
            "本机时钟比网关快 {minutes} 分钟，而签名有效期只有15分钟。",
            "请校准本机时钟（NTP）后重新发送。密钥本身可能没有问题。",
        ),
    ),
    "clock behind": (
        (
            (
                "This machine's clock is {minutes} minutes behind the gateway's, and a signature "
                "holds for 15 minutes."
            ),
            "Set the clock (NTP), then send again. The key itself may well be right.",
        ),
        (
            "本机时钟比网关慢 {minutes} 分钟，而签名有效期只有15分钟。",
            "请校准本机时钟（NTP）后重新发送。密钥本身可能没有问题。",
        ),
    ),
    "host": (
        (
            (
                "The host was changed on the way: we signed {ours}, the gateway saw {theirs}. A "
                "tunnel, port forward or proxy puts in a host of its own, or the endpoint is wrong."
            ),
            "Name the gateway's own host as the endpoint, or let the proxy keep the header Host.",
        ),
        (
            (
                "主机名在途中被改动：我方签名的是 {ours}，网关收到的是 {theirs}。"
                "可能是隧道、端口转发或代理改写了Host，或终端节点有误。"
            ),
            "请把终端节点设为网关自己的主机名，或让代理保留Host请求头。",
        ),
    ),
    "path": (
        (
            (
                "The path was changed on the way, or the endpoint has one that the gateway "
                "does not "
                "see: we signed {ours}, the gateway saw {theirs}."
            ),
            (
                "Name the endpoint without a path, as "
                "https://vod.<region>.myhuaweicloud.com, and let "
                "the proxy hand paths on as they are."
            ),
        ),
        (
            (
                "路径在途中被改动，或终端节点带有网关看不到的路径：我方签名的是 {ours}，"
                "网关收到的是 {theirs}。"
            ),
            (
                "终端节点请不要带路径（https://vod.<region>.myhuaweicloud.com），"
                "并让代理原样转发路径。"
            ),
        ),
    ),
    "query": (
        (
            "The query was changed on the way: we signed {ours}, the gateway saw {theirs}.",
            "Let the proxy hand queries on as they are: no parameters of its own, no decoding.",
        ),
        (
            "查询参数在途中被改动：我方签名的是 {ours}，网关收到的是 {theirs}。",
            "请让代理原样转发查询参数：不添加、不解码。",
        ),
    ),
    "method": (
        (
            (
                "The method was changed on the way: we sent {ours}, the gateway saw "
                "{theirs}. A proxy "
                "followed a redirect, or rewrites methods."
            ),
            "Name the endpoint that answers without a redirect, or let the proxy keep methods.",
        ),
        (
            (
                "请求方法在途中被改动：我方发送 {ours}，网关收到 {theirs}。"
                "可能是代理跟随了重定向或改写了方法。"
            ),
            "请使用不经重定向的终端节点，或让代理保留请求方法。",
        ),
    ),
    "body": (
        (
            (
                "The body was changed on the way: its SHA-256 was {ours} when we signed it, and "
                "{theirs} at the gateway. A proxy rewrites or re-encodes JSON."
            ),
            "Let the proxy hand bodies on byte by byte.",
        ),
        (
            (
                "正文在途中被改动：签名时其SHA-256为 {ours}，到网关时为 {theirs}。"
                "可能是代理改写或重新编码了JSON。"
            ),
            "请让代理逐字节转发正文。",
        ),
    ),
    "header changed": (
        (
            (
                "The header {part} was changed on the way: we signed {ours!r}, the gateway saw "
                "{theirs!r}. A proxy rewrites it."
            ),
            "Let the proxy keep {part} as it is, or go round it (NO_PROXY).",
        ),
        (
            (
                "请求头 {part} 在途中被改动：我方签名的是 {ours!r}，网关收到的是 {theirs!r}。"
                "代理改写了它。"
            ),
            "请让代理保留 {part}，或绕过代理（NO_PROXY）。",
        ),
    ),
    "header gone": (
        (
            (
                "The header {part} did not arrive: we signed {ours!r}, and the gateway saw none. A "
                "proxy takes it out."
            ),
            "Let the proxy hand {part} on, or go round it (NO_PROXY).",
        ),
        (
            "请求头 {part} 没有到达：我方签名的是 {ours!r}，网关未收到。代理去掉了它。",
            "请让代理转发 {part}，或绕过代理（NO_PROXY）。",
        ),
    ),
    "sign-in gone": (
        (
            (
                "The sign-in did not arrive: we sent the header {header}, and the gateway "
                "saw none. A "
                "proxy takes it out."
            ),
            "Let the proxy hand {header} on, or go round it (NO_PROXY).",
        ),
        (
            "认证信息没有到达：我方发送了请求头 {header}，网关未收到。代理去掉了它。",
            "请让代理转发 {header}，或绕过代理（NO_PROXY）。",
        ),
    ),
    "sign-in garbled": (
        (
            (
                "The header Authorization arrived in a form that the gateway does not know: it was "
                "changed on the way."
            ),
            "Let the proxy keep Authorization as it is, or go round it (NO_PROXY).",
        ),
        (
            "请求头Authorization到达时格式无法识别：它在途中被改动。",
            "请让代理保留Authorization，或绕过代理（NO_PROXY）。",
        ),
    ),
    "date gone": (
        (
            (
                "The header X-Sdk-Date did not arrive as it was signed: something on the way takes "
                "it out or changes it."
            ),
            "Let the proxy hand X-Sdk-Date and Host on, or go round it (NO_PROXY).",
        ),
        (
            "请求头X-Sdk-Date未按签名时的内容到达：途中被去掉或改动。",
            "请让代理转发X-Sdk-Date和Host，或绕过代理（NO_PROXY）。",
        ),
    ),
}
"""By cause: what is wrong and what to do, in English and in Chinese."""
