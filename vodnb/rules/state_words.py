"""What each state of an asset means, and who has to act. Pure.

Source of the states: https://support.huaweicloud.com/api-vod/vod_04_0022.html and vod_04_0203.html.
"""

from __future__ import annotations

from .model import Lang, Needs

__all__ = ["explain_state"]

_GONE = ("Unknown to the service in this project and region.", "该项目和区域中没有此媒资。")
_BROKEN = ("The upload failed.", "上传失败。")

_STATES: dict[str, tuple[str, str, Needs]] = {
    "NO_ASSET": (*_GONE, Needs.FIX_THE_ID),
    "UNCREATED": (*_GONE, Needs.FIX_THE_ID),
    "CREATING": (
        "Created, but its upload was never confirmed (or is still going on).",
        "已创建，但上传尚未确认（或仍在上传）。",
        Needs.CONFIRM,
    ),
    "CREATED": ("Confirmed, not published.", "已确认，未发布。", Needs.NOTHING),
    "WAITING_TRANSCODE": (
        "Confirmed, waiting for transcoding.",
        "已确认，等待转码。",
        Needs.NOTHING,
    ),
    "TRANSCODING": ("Confirmed, being transcoded.", "已确认，转码中。", Needs.NOTHING),
    "TRANSCODE_SUCCEED": ("Confirmed and transcoded.", "已确认，转码成功。", Needs.NOTHING),
    "TRANSCODE_FAILED": (
        "Confirmed, but transcoding failed: the file may be broken.",
        "已确认，但转码失败：文件可能已损坏。",
        Needs.RE_UPLOAD,
    ),
    "PUBLISHED": ("Confirmed and published.", "已确认，已发布。", Needs.NOTHING),
    "UPLOAD_FAILED": (*_BROKEN, Needs.RE_UPLOAD),
    "SERVER_ERROR": ("The upload failed inside VOD.", "上传时服务端出错。", Needs.RE_UPLOAD),
    "FAILED": (*_BROKEN, Needs.RE_UPLOAD),
    "CANCELLED": ("The upload was cancelled.", "上传已取消。", Needs.RE_UPLOAD),
    "DELETING": ("Being deleted.", "正在删除。", Needs.LOOK),
    "DELETED": ("Deleted.", "已删除。", Needs.LOOK),
    "DELETE_FAILED": ("It could not be deleted.", "删除失败。", Needs.LOOK),
    "OBS_CREATING": ("Being copied from OBS.", "正在从OBS转存。", Needs.WAIT),
    "OBS_CREATE_FAILED": ("Copying it from OBS failed.", "从OBS转存失败。", Needs.LOOK),
    "OBS_CREATE_SUCCESS": ("Copied from OBS.", "已从OBS转存。", Needs.LOOK),
}

_UNREAD = ("The service did not tell its state.", "服务端没有返回该媒资的状态。", Needs.LOOK)
_STRANGE = (
    "A state that vodnb does not know: see the asset in the VOD console.",
    "vodnb不认识的状态：请在VOD控制台查看该媒资。",
    Needs.LOOK,
)


def explain_state(state: str, lang: Lang) -> tuple[str, Needs]:
    """Return what a state means, and who has to act.

    Args:
        state: The state, as `lifecycle.read_state` writes it; "" where it could not be read.
        lang: The language of the meaning.
    """
    english, chinese, needs = _STATES.get(state, _STRANGE if state else _UNREAD)
    return (chinese if lang == "zh" else english), needs
