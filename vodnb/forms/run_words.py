"""What the form that confirms says, in both languages. Pure."""

from __future__ import annotations

__all__ = ["RUN_WORDS"]

RUN_WORDS: dict[str, tuple[str, str]] = {
    # confirm
    "status": ("Ask for", "请求状态"),
    "status CREATED": ("CREATED: the upload is complete", "CREATED：上传完成"),
    "status FAILED": ("FAILED: the upload failed (destroys parts)", "FAILED：上传失败（销毁分片）"),
    "status CANCELLED": (
        "CANCELLED: give it up (destroys parts)",
        "CANCELLED：取消上传（销毁分片）",
    ),
    "scope": ("Rows", "范围"),
    "scope all": ("the whole table ({count:,} assets)", "整个表（{count:,} 个媒资）"),
    "scope retry": (
        "only what a retry may settle ({count:,} rows)",
        "仅可重试的行（{count:,} 行）",
    ),
    "rate": ("Rate", "速率"),
    "rate hint": ("no pacing", "不限速"),
    "rate tip": ("The tenant's quota; empty lifts the pacing", "租户配额；留空则不限速"),
    "canary": ("Canary", "试发"),
    "canary tip": ("Send only so many as a trial; 0 sends all", "先试发若干个；0表示全部发送"),
    "dry": ("Dry run: send nothing", "试运行：不发送"),
    "first": ("Look first", "先查询状态"),
    "destroy": ("Type the count", "输入数量"),
    "destroy hint": (
        (
            "{status} destroys uploaded parts for good. Type how many distinct valid assets the "
            "table has; part 2 says how many."
        ),
        "{status} 将永久销毁已上传的分片。请输入表中不同有效媒资的数量（见第2步）。",
    ),
    "destroy wrong": (
        (
            "{status} destroys uploaded parts, and the number typed is not the number of distinct "
            "valid assets in these rows. Nothing was sent."
        ),
        "{status} 会销毁已上传的分片，而输入的数量与这些行中不同有效媒资的数量不符。未发送请求。",
    ),
    "start": ("Start", "开始"),
    "start tip": ("Start, or go on where the last run stopped", "开始，或从上次停止处继续"),
    "pause": ("Pause", "暂停"),
    "resume": ("Resume", "继续"),
    "pause tip": ("Hold the next calls back", "暂缓后续请求"),
    "resume tip": ("Go on after the pause", "暂停后继续"),
    "stop tip": (
        "Stop; what is settled stays, Start goes on with the rest",
        "停止；已有结果保留，点“开始”继续其余",
    ),
    "starting": ("Starting …", "正在开始……"),
    "progress": ("Progress of the run", "运行进度"),
    "run unstarted": ("Nothing was started yet.", "尚未开始。"),
    "rows not sent": (
        "{count:,} rows were not sent. Start goes on with them.",
        "{count:,} 行未发送。点“开始”继续。",
    ),
    "rows in doubt": (
        "{count:,} rows are in doubt: no trustworthy answer came. Start asks for their states.",
        "{count:,} 行存疑：已发送，但没有可信的应答。点“开始”查询其状态。",
    ),
    "code": ("error code", "错误码"),
    "next step": ("next step", "下一步"),
    "by code": ("Errors by code", "按错误码统计"),
    "settled": ("{percent} % settled", "已完成 {percent} %"),
    "cell runs": (
        (
            "A cell is running. The run goes on; on many kernels a click here is taken only when "
            "that cell has ended."
        ),
        "有单元格正在运行。本任务照常继续；在许多内核上，此处的点击要等该单元格结束后才生效。",
    ),
    "options": ("More options", "更多选项"),
    "options tip": ("What few runs need", "少数情况下才需要的选项"),
    "first tip": (
        "Ask for all states first, ten a call; what is proved confirmed is not sent",
        "先查询所有状态（每次十个）；已证实确认的不再发送",
    ),
    "verify": ("Read back", "完成后回读"),
    "verify tip": (
        "Read the state of what was sent, ten a call",
        "发送后回读状态（每次十个）",
    ),
    "hanging": ("Only what hangs in CREATING", "仅处理停留在CREATING的媒资"),
    "hanging tip": (
        "Send only what is CREATING; the rest is failed with CLIENT.STATE and its state",
        "仅发送状态为CREATING的媒资；其余记为失败（CLIENT.STATE）并附上状态",
    ),
    "status column": ("Status column", "状态列"),
    "status column tip": (
        "A column with CREATED, FAILED or CANCELLED for each row",
        "该列为每行写明CREATED、FAILED或CANCELLED",
    ),
    "no column": ("none: all rows ask for the same", "无：所有行请求同一状态"),
    "destroy rows": (
        (
            "If some rows ask for FAILED or CANCELLED, their uploaded parts are destroyed for "
            "good. Type how many distinct valid assets those are; leave it empty for none."
        ),
        (
            "若有行请求FAILED或CANCELLED，其已上传的分片将被永久销毁。"
            "请输入这些行中不同有效媒资的数量；没有则留空。"
        ),
    ),
}
