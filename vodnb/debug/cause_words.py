"""The sentences that name why a call was not let in, in both languages. Pure."""

from __future__ import annotations

from .signing_causes import SIGNING_CAUSES

__all__ = ["CAUSES"]

CAUSES: dict[str, tuple[tuple[str, str], tuple[str, str]]] = {
    **SIGNING_CAUSES,
    "security token missing": (
        (
            "This AK belongs to a temporary key, and its security token is missing.",
            "Give the security token that came with the key: HUAWEICLOUD_SDK_SECURITY_TOKEN.",
        ),
        (
            "该AK属于临时密钥，但缺少随之下发的安全Token（security token）。",
            "请一并提供临时密钥的安全Token：HUAWEICLOUD_SDK_SECURITY_TOKEN。",
        ),
    ),
    "security token wrong": (
        (
            (
                "The security token is wrong for this temporary key: it is of another key, "
                "was cut in "
                "copying, or has run out (it lives 15 minutes to 24 hours)."
            ),
            "Get AK, SK and security token anew, and use the three together.",
        ),
        (
            (
                "安全Token与该临时密钥不符：属于另一密钥、复制不完整，或已过期（"
                "有效期15分钟至24小时）。"
            ),
            "请重新获取AK、SK和安全Token，三者一起使用。",
        ),
    ),
    "token garbled": (
        (
            (
                "The token cannot be read by the gateway: it was cut in copying, or is of another "
                "cloud or site."
            ),
            "Get a token anew from {iam} and copy all of it; it has over a thousand characters.",
        ),
        (
            "网关无法解析该Token：复制不完整，或属于另一云或站点。",
            "请从 {iam} 重新获取Token并完整复制（长度通常超过一千个字符）。",
        ),
    ),
    "token old": (
        (
            (
                "The token is not good any more, or not here: it has run out (24 hours), was "
                "revoked "
                "(password or rights changed), or was got in another region than {region}. The "
                "gateway has one answer for the three."
            ),
            "Get a token anew from {iam}, for the project of {region}: vod.sign_in(token=...).",
        ),
        (
            (
                "该Token已失效或在此不可用：已过期（24小时）、已被撤销（密码或权限变更），"
                "或是在 {region} 以外的区域获取的。网关对三者的应答相同。"
            ),
            "请从 {iam} 为 {region} 的项目重新获取Token：vod.sign_in(token=...)。",
        ),
    ),
    "token elsewhere": (
        (
            "The token is of another region: it comes from IAM in {got}, and VOD is in {region}.",
            (
                "Get a token in {region}: set VODNB_IAM_ENDPOINT to https://iam.{region}"
                ".myhuaweicloud.com, or leave it out."
            ),
        ),
        (
            "Token属于另一区域：取自 {got} 的IAM，而VOD在 {region}。",
            (
                "请在 {region} 获取Token：将VODNB_IAM_ENDPOINT设为"
                "https://iam.{region}.myhuaweicloud.com，或不设置。"
            ),
        ),
    ),
    "token fresh": (
        (
            (
                "A token that was got just now was refused: it is of another region than "
                "{region}, or "
                "the IAM user was disabled meanwhile. Age is not the matter."
            ),
            "Look whether {iam} is the IAM of {region}, and whether the user is enabled.",
        ),
        (
            "刚获取的Token被拒绝：它属于 {region} 以外的区域，或该IAM用户已被停用。与时效无关。",
            "请确认 {iam} 是 {region} 的IAM，且该用户处于启用状态。",
        ),
    ),
    "refused by VOD": (
        (
            (
                "The gateway let the call in and VOD refused the sign-in: the {way} is of another "
                "project or region than {project} in {region}, or the user has lost its rights."
            ),
            "Get a token for this project, or use a key of this account.",
        ),
        (
            (
                "网关已放行，但VOD拒绝了认证：该{way}不属于 {region} 的项目 {project}，"
                "或用户权限已被收回。"
            ),
            "请为该项目获取Token，或使用该账号的密钥。",
        ),
    ),
    "project": (
        (
            (
                "The project is wrong: {project} is not the project of this {way} in "
                "{region}. Each "
                "region has a project ID of its own."
            ),
            (
                "Set VODNB_PROJECT_ID to the one that My Credentials lists for {region}, or "
                "leave it "
                "out to have it looked up."
            ),
        ),
        (
            "项目ID错误：{project} 不是该{way}在 {region} 的项目。每个区域的项目ID各不相同。",
            "请将VODNB_PROJECT_ID设为“我的凭证”中 {region} 对应的项目ID，或留空由程序查找。",
        ),
    ),
    "permission": (
        (
            "The sign-in is right, and the user may not make this call: {permission} is missing.",
            "Let an administrator grant {permission} in the project of {region}.",
        ),
        (
            "认证无误，但该用户无权调用此接口：缺少权限 {permission}。",
            "请管理员在 {region} 的项目中授予 {permission}。",
        ),
    ),
    "no such API": (
        (
            (
                "The gateway at {host} knows no such call: the endpoint is not VOD's (it may "
                "be that "
                "of another service or region), or something on the way changed path or method."
            ),
            "Set the endpoint to https://vod.{region}.myhuaweicloud.com, or give only the region.",
        ),
        (
            (
                "{host} 的网关没有此接口：终端节点不是VOD的（可能属于其他服务或区域），"
                "或路径、方法在途中被改动。"
            ),
            "请将终端节点设为https://vod.{region}.myhuaweicloud.com，或只填写区域。",
        ),
    ),
    "app auth": (
        (
            (
                "The gateway took the call for one of an App: something on the way added a "
                "header of "
                "another kind of sign-in."
            ),
            "Look for a proxy that adds X-HW-AppKey, X-Apig-AppCode or Authorization.",
        ),
        (
            "网关把该请求当作App认证：途中被添加了另一种认证的请求头。",
            "请检查是否有代理添加了X-HW-AppKey、X-Apig-AppCode或Authorization。",
        ),
    ),
    "password": (
        (
            "IAM refused the password: user name, account name or password is wrong.",
            (
                "Check VODNB_IAM_USER, VODNB_IAM_DOMAIN and VODNB_IAM_PASSWORD. Several wrong ones "
                "lock the user for about 15 minutes."
            ),
        ),
        (
            "IAM拒绝登录：用户名、账号名或密码错误。",
            (
                "请核对VODNB_IAM_USER、VODNB_IAM_DOMAIN和VODNB_IAM_PASSWORD。"
                "多次错误会锁定用户约15分钟。"
            ),
        ),
    ),
    "user project": (
        (
            (
                "IAM knows the user, and not the project that the token is asked for: it is of "
                "another account, or the region's name is wrong."
            ),
            "Check VODNB_PROJECT_ID and VODNB_REGION.",
        ),
        (
            "IAM认可该用户，但所请求的项目不存在或不属于该用户：项目属于另一账号，或区域名有误。",
            "请核对VODNB_PROJECT_ID和VODNB_REGION。",
        ),
    ),
    "dns": (
        (
            (
                "The name {host} is not known: the region is mistyped, there is no VOD in "
                "it, or this "
                "machine's DNS does not reach outside."
            ),
            "VOD runs in {regions}. If the name is right, ask whoever runs this network.",
        ),
        (
            "域名 {host} 无法解析：区域名有误、该区域没有VOD，或本机DNS无法访问外网。",
            "VOD支持的区域：{regions}。如名称无误，请联系网络管理员。",
        ),
    ),
    "tls": (
        (
            (
                "The certificate that {host} showed is not trusted here ({message}): most likely a "
                "proxy that inspects TLS signed it, or the host is another one than it seems."
            ),
            "Name that proxy's CA: VODNB_CA_BUNDLE. The check is never turned off.",
        ),
        (
            (
                "本机不信任 {host} 出示的证书（{message}）：很可能由检查TLS的代理签发，"
                "或对方并非该主机。"
            ),
            "请用VODNB_CA_BUNDLE指定该代理的CA证书。证书校验不会被关闭。",
        ),
    ),
    "unreached": (
        (
            "{host} was not reached ({message}): nothing was sent. Proxy: {proxy}.",
            "Check endpoint, network and HTTPS_PROXY; vodnb doctor tries them one by one.",
        ),
        (
            "无法连接 {host}（{message}）：没有发送任何内容。代理：{proxy}。",
            "请检查终端节点、网络和HTTPS_PROXY；vodnb doctor可逐项检查。",
        ),
    ),
    "proxy sign-in": (
        (
            "The proxy {proxy} wants a sign-in of its own (HTTP 407): the call did not pass it.",
            "Put name and password into HTTPS_PROXY, or ask whoever runs the proxy.",
        ),
        (
            "代理 {proxy} 要求身份验证（HTTP 407）：请求未通过代理。",
            "请在HTTPS_PROXY中填写代理的用户名和密码，或联系代理管理员。",
        ),
    ),
    "page": (
        (
            (
                "A page came instead of an answer of VOD (HTTP {status}, {sort}): a proxy, a login "
                "page of the network, or another server answered."
            ),
            "Open https://{host} in a browser on this machine, and sign in to the network there.",
        ),
        (
            (
                "收到的是网页而不是VOD的应答（HTTP {status}，{sort}）："
                "应答来自代理、网络登录页或其他服务器。"
            ),
            "请在本机浏览器打开https://{host}，并完成网络登录。",
        ),
    ),
    "redirect": (
        (
            (
                "{host} sends the call elsewhere (HTTP {status}, to {location}), and it was not "
                "followed: a redirect would carry the sign-in to another host."
            ),
            "Name the right endpoint; a login page of the network redirects too.",
        ),
        (
            (
                "{host} 将请求重定向（HTTP {status}，至 {location}），未予跟随："
                "跟随会把认证信息带到其他主机。"
            ),
            "请填写正确的终端节点；网络登录页也会重定向。",
        ),
    ),
    "unclear": (
        (
            "The gateway refused the sign-in and told no cause that is known here: {message}",
            (
                "vodnb doctor checks clock, credential and project one by one; quote request "
                "{request_id} to support."
            ),
        ),
        (
            "网关拒绝了认证，其说明不在已知原因之列：{message}",
            "可用vodnb doctor逐项检查时钟、凭证和项目；联系技术支持时请提供请求ID {request_id}。",
        ),
    ),
}
"""By cause: what is wrong and what to do, in English and in Chinese."""
