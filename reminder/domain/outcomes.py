"""What became of a notice, and why, in the secretariat's words."""

from reminder.domain.notices import Kind, Reason, State

KINDS = {
    Kind.DIGEST: "月度提示",
    Kind.NUDGE: "临近提醒",
    Kind.OVERDUE: "待确认提示",
    Kind.RECEIPT: "登记回执",
    Kind.REPORT: "运行报告",
}

STATES = {
    State.QUEUED: "待发送",
    State.SENDING: "发送中",
    State.RETRY: "稍后重试",
    State.SENT: "已接收",
    State.REFUSED: "被拒收",
    State.HELD: "暂存",
    State.EXPIRED: "未发送",
    State.BASELINE: "启用前，不发",
}
REASONS: dict[str, str] = {
    Reason.NO_ADDRESS: "无邮箱，需另行告知",
    Reason.PARTLY: "部分地址已接收，其余被拒收",
    Reason.RECIPIENT_REFUSED: "收件地址被拒收，请核对邮箱后重发",
    Reason.SENDER_REFUSED: "对方拒绝本系统发信（未授权或被策略拦截），系统会自动再发，请管理员核对",
    Reason.RECIPIENT_DEFERRED: "对方邮箱暂不接收，系统会自动再发",
    Reason.MESSAGE_REFUSED: "邮件内容或大小被对方拒收，请与对方联系",
    Reason.MESSAGE_DEFERRED: "对方暂不接收，系统会自动再发",
    Reason.THROTTLED: "发信过多被限流，系统会自动再发",
    Reason.RESERVED_ADDRESS: "邮箱为占位地址，请填写真实邮箱",
    Reason.SERVER: "发信服务器不可用，恢复后自动发送",
    Reason.SETTINGS: "发信账号、密码或加密设置有误，需管理员处理，改正后自动发送",
    Reason.ANSWER_LOST: "对方未确认是否收到，将原样重发（可能收到两封）",
    Reason.INTERRUPTED: "发送中断，稍后重试",
    Reason.STORAGE: "发件箱不可写，稍后重试",
    Reason.DAMAGED: "存档邮件已损坏，未发送，请重新发送",
    Reason.HOLD: "首次启用，暂存待放行",
    Reason.RESTORED: "台账是恢复的备份，暂存待放行",
    Reason.BY_HAND: "人工暂停，暂存待放行",
    Reason.APPROVAL: "待审核",
    Reason.APPROVED: "已审核，到时发送",
    Reason.CHANGED: "审核后内容有变化，重新待审核",
    Reason.RELEASED: "已放行",
    Reason.FIRST_START: "启用之前，不发",
    Reason.DROPPED: "已取消",
    Reason.TOO_LATE: "过时未发",
    Reason.UNKNOWN: "台账由备份恢复，是否已发出无记录，请核对",
    Reason.DONE: "事项已办结，不再发送",
    Reason.DROPPED_FROM_PLAN: "安排表已调整，该单位不再有此项，不再发送",
    Reason.MOVED: "事项时间已调整，按新的时间另行提示",
    Reason.CLOCK: "系统时间更正后恢复发送",
}
# Steps that need no explanation where they are the last one; the history names them too.
STEPS: dict[str, str] = REASONS | {
    Reason.PLANNED: "已生成",
    Reason.CLAIMED: "开始发送",
    Reason.ACCEPTED: "对方服务器已接收",
    Reason.REHEARSAL: "演练",
    Reason.RESENT: "重新发送",
    Reason.RENEWED: "等候过久，按当前情况重新生成",
}
