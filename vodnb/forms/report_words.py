"""What the report part of the results form says, in both languages. Pure."""

from __future__ import annotations

__all__ = ["REPORT_WORDS"]

REPORT_WORDS: dict[str, tuple[str, str]] = {
    "report name": ("Name of the report", "报告名称"),
    "report": ("Report", "生成报告"),
    "report tip": (
        "Write a page to hand over, a notebook that runs again, and the tables beside them",
        "生成可交付的网页、可重新运行的笔记本和随附的表格",
    ),
    "hand back": ("Files for who must act", "按处理方分发文件"),
    "hand back tip": (
        "Write one file for each party that must act: re-upload, fix the ID, administrator",
        "按处理方各生成一个文件：重新上传、更正媒资ID、联系管理员等",
    ),
    "report under way": ("Writing the report …", "正在生成报告……"),
    "report written": (
        "{told} Report: {page}; notebook: {notebook}; tables: {folder}",
        "{told}报告：{page}；笔记本：{notebook}；表格：{folder}",
    ),
    "handed back": ("{told}", "{told}"),
}
