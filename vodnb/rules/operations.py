"""Each API call, declared once. Pure: client, sandbox and forms are all built from these values.

Adding a call is adding one declaration here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from .model import Lang

_DOC = "https://support.huaweicloud.com"
_EXPLORER = "https://console.huaweicloud.com/apiexplorer/#/openapi"


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """How many calls a minute one tenant may make; operations of one name share it."""

    name: str
    per_minute: int
    """For one tenant. Source: api-vod/vod_04_0042.html."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field of a request."""

    name: str
    place: Literal["query", "body"]
    required: bool = False
    """Whether the call is refused without it."""
    is_list: bool = False
    """Whether it may be given several times (a repeated key in a query)."""
    choices: tuple[str, ...] = ()
    """The documented values; empty where any text will do."""
    max_items: int | None = None
    """None where no page says, as `max_bytes` (of a value in UTF-8)."""
    max_bytes: int | None = None
    kind: Literal["string", "integer", "object"] = "string"
    note_en: str = ""
    note_zh: str = ""

    def note(self, lang: Lang) -> str:
        """Return what a person should know before filling it in, in this language."""
        return self.note_zh if lang == "zh" else self.note_en


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One API call."""

    name: str
    """As in `vod.call("confirm")`."""
    api: str
    """The service's name for it, as in the official SDK and the API Explorer."""
    title_en: str
    title_zh: str
    host: Literal["vod", "iam"] = "vod"
    method: Literal["GET", "POST"]
    path: str
    """`{project_id}` is filled in."""
    fields: tuple[Field, ...]
    success: int = 200
    """The one HTTP status that means success."""
    echoes: str = ""
    """A field of the request that a true success repeats in its answer; "" for none."""
    answers_with: str = ""
    """A key that a true success carries in its JSON."""
    quota: Quota | None = None
    """None where none is published."""
    permission: str = ""
    """The action an IAM user needs; "" where none is documented."""
    doc_url: str

    @property
    def explorer_url(self) -> str:
        """Its page in the API Explorer."""
        return f"{_EXPLORER}/{self.host.upper()}/doc?api={self.api}"

    def title(self, lang: Lang) -> str:
        """Return what it does, in this language."""
        return self.title_zh if lang == "zh" else self.title_en


BATCH = 10
"""Most asset IDs in one call that asks for states. Source: api-vod/vod_04_0022.html."""

_START = Field(
    name="start_time",
    place="query",
    note_en="UTC, yyyymmddhhmmss.",
    note_zh="UTC时间，格式为yyyymmddhhmmss。",
)
_FILTERS = (
    Field(
        name="asset_id",
        place="query",
        is_list=True,
        max_items=BATCH,
        note_en="With asset IDs, time and page are ignored.",
        note_zh="指定媒资ID时，时间和分页参数无效。",
    ),
    Field(name="status", place="query", is_list=True),
    _START,
    replace(_START, name="end_time"),
    Field(name="category_id", place="query", kind="integer"),
    Field(name="tags", place="query"),
    Field(
        name="query_string",
        place="query",
        note_en="Text to look for in title and category.",
        note_zh="在标题和分类中查找的文本。",
    ),
)
_PAGING = (
    Field(
        name="page",
        place="query",
        kind="integer",
        note_en="From 0; (page + 1) * size is at most 20000.",
        note_zh="从0开始；(page + 1) * size不超过20000。",
    ),
    Field(
        name="size",
        place="query",
        kind="integer",
        note_en="1 to 100, default 10.",
        note_zh="1到100，默认10。",
    ),
)

CONFIRM = Operation(
    name="confirm",
    api="ConfirmAssetUpload",
    title_en="Confirm media asset upload",
    title_zh="确认媒资上传",
    method="POST",
    path="/v1.0/{project_id}/asset/status/uploaded",
    fields=(
        Field(name="asset_id", place="body", required=True),
        Field(
            name="status",
            place="body",
            required=True,
            choices=("CREATED", "FAILED", "CANCELLED"),
            note_en="FAILED and CANCELLED destroy uploaded parts.",
            note_zh="FAILED和CANCELLED会销毁已上传的分片。",
        ),
    ),
    echoes="asset_id",
    answers_with="asset_id",
    quota=Quota(name="confirm", per_minute=1500),
    permission="vod:asset:upload",
    doc_url=f"{_DOC}/api-vod/vod_04_0198.html",
)

INFO = Operation(
    name="info",
    api="ShowAssetMeta",
    title_en="Query media assets: states and addresses",
    title_zh="查询媒资信息",
    method="GET",
    path="/v1.0/{project_id}/asset/info",
    fields=(*_FILTERS, *_PAGING),
    answers_with="asset_info_array",
    quota=Quota(name="info", per_minute=1500),
    permission="vod:asset:getInfo",
    doc_url=f"{_DOC}/api-vod/vod_04_0022.html",
)

LIST = Operation(
    name="list",
    api="ListAssetList",
    title_en="List media assets",
    title_zh="查询媒资列表",
    method="GET",
    path="/v1.0/{project_id}/asset/list",
    fields=(
        *_FILTERS,
        Field(name="media_type", place="query", is_list=True, max_items=20),
        *_PAGING,
        Field(
            name="order",
            place="query",
            note_en="Known from the official SDK only.",
            note_zh="仅见于官方SDK。",
        ),
    ),
    answers_with="assets",
    quota=Quota(name="list", per_minute=1500),
    permission="vod:asset:list",
    doc_url=f"{_DOC}/api-vod/vod_04_0203.html",
)

CREATE = Operation(
    name="create",
    api="CreateAssetByFileUpload",
    title_en="Create a media asset to upload a file into",
    title_zh="创建媒资：上传方式",
    method="POST",
    path="/v1.0/{project_id}/asset",
    fields=(
        Field(name="title", place="body", required=True, max_bytes=128),
        Field(name="video_name", place="body", required=True, max_bytes=128),
        Field(
            name="video_type",
            place="body",
            required=True,
            note_en="MP4, TS, MOV, MP3 ...",
            note_zh="例如MP4、TS、MOV、MP3。",
        ),
        Field(name="description", place="body", max_bytes=1024),
        Field(
            name="category_id",
            place="body",
            kind="integer",
            note_en="-1 is the category Other.",
            note_zh="-1表示“其它”分类。",
        ),
        Field(name="video_md5", place="body"),
        Field(
            name="tags",
            place="body",
            note_en="At most 16, separated by commas.",
            note_zh="最多16个，用逗号分隔。",
        ),
        Field(
            name="auto_publish",
            place="body",
            kind="integer",
            note_en="0 or 1.",
            note_zh="0或1。",
        ),
        Field(name="template_group_name", place="body"),
    ),
    answers_with="asset_id",
    quota=Quota(name="create", per_minute=1500),
    permission="vod:asset:upload",
    doc_url=f"{_DOC}/api-vod/vod_04_0196.html",
)

TOKEN = Operation(
    name="token",
    api="KeystoneCreateUserTokenByPassword",
    title_en="Get a project-scoped token with an IAM user's password",
    title_zh="获取IAM用户Token（使用密码）",
    host="iam",
    method="POST",
    path="/v3/auth/tokens",
    fields=(
        Field(
            name="nocatalog",
            place="query",
            note_en="true: the answer leaves the catalog out.",
            note_zh="true：应答中不含服务目录。",
        ),
        Field(name="auth", place="body", required=True, kind="object"),
    ),
    success=201,
    answers_with="token",
    doc_url=f"{_DOC}/api-iam/iam_30_0001.html",
)

PROJECTS = Operation(
    name="projects",
    api="KeystoneListProjects",
    title_en="Look up a project by its name (the region)",
    title_zh="查询指定条件下的项目列表",
    host="iam",
    method="GET",
    path="/v3/projects",
    fields=(
        Field(
            name="name",
            place="query",
            note_en="A project of this name: the region.",
            note_zh="项目名称，即区域名称。",
        ),
    ),
    answers_with="projects",
    doc_url=f"{_DOC}/api-iam/iam_06_0001.html",
)

OPERATIONS = MappingProxyType(
    {call.name: call for call in (CONFIRM, INFO, LIST, CREATE, TOKEN, PROJECTS)}
)
"""Every API call that vodnb knows, by name."""
