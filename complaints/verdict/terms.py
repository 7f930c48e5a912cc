"""What verdicts, liabilities, remedies and remote actions are called in Chinese, for staff."""

VERDICTS = {"upheld": "成立", "partly_upheld": "部分成立", "not_upheld": "不成立", "inconclusive": "无法判定"}
LIABLE = {
    "station": "充电桩", "vehicle": "车辆", "customer": "用户", "network": "网络", "backoffice": "运营平台",
    "payment": "支付渠道", "grid": "电网", "site": "场站", "third_party": "第三方", "unknown": "不明",
}
REMEDIES = {
    "refund": "退款", "release_hold": "解除预授权", "no_refund": "不退款", "goodwill": "酌情补偿",
    "waive_fee": "免收费用", "correct_bill": "更正账单",
    "reset": "重启", "unlock": "解锁", "stop": "停止充电", "set_inoperative": "停用",
    "dispatch": "派人到场", "guidance": "使用指导", "replace_part": "更换部件", "block_token": "冻结卡片",
    "escalate_legal": "移交法务", "apologise": "致歉",
}
REMOTE = {
    **{name: REMEDIES[name] for name in ("reset", "unlock", "stop", "set_inoperative")}, "reset_hard": "硬重启",
    "start": "远程启动", "trigger": "查询状态", "get_log": "读取日志", "set_operative": "恢复使用",
}
STANCES = {"supports": "支持", "contradicts": "不支持", "inconclusive": "不能说明"}
