"""Complaints of the demo's week about service, surroundings and all the rest."""

from __future__ import annotations

from complaints.demo import courses
from complaints.demo.diary import Charge
from complaints.demo.traffic import Week
from complaints.demo.troubles.grievance import MINUTE, Grievance, where


def rude_agent(week: Week) -> Grievance:
    return Grievance(
        "attitude",
        week.when(2, 16.4),
        "打客服电话，接线的人态度特别差，说了两句就挂我电话。",
        "hotline",
        given={"customer": {"phone": "13400002323"}},
        course=courses.explained("已向您电话致歉并辅导该坐席。", stars=4),
    )


def nobody_answers(week: Week) -> Grievance:
    return Grievance(
        "no_answer",
        week.when(4, 21.9),
        "昨晚打了五次客服热线，每次都是忙音，没有一个人接。",
        "social",
        given={"customer": {"phone": "13400007878"}},
        course=courses.taken("li"),
    )


def slow_handling(week: Week) -> Grievance:
    return Grievance(
        "slow_handling",
        week.when(6, 9.4),
        "我上个礼拜的投诉到今天还没有处理结果，每次问都说在跟进。",
        "wechat",
        given={"customer": {"token": "APP-9191", "phone": "13500009191"}},
        course=courses.merged_into("refund_missing", hours=3),
    )


def bay_blocked(week: Week) -> Grievance:
    return Grievance(
        "bay_blocked",
        week.when(5, 18.2),
        "A petrol car is parked across both charging bays, I cannot get anywhere near the charger.",
        "qr",
        "en",
        given=where("JC-05", None),
        course=courses.explained("The car park's staff had it moved; cones now keep the bays free.", hours=4, stars=4),
    )


def gate_closed(week: Week) -> Grievance:
    return Grievance(
        "site_closed",
        week.when(1, 23.1),
        "停车场大门晚上十一点就锁了，写着24小时营业，进不去怎么充电？",
        "app",
        given=where("XC-07", None),
        course=courses.explained("已与物业确认，夜间从西门进出，站点说明已更新。", stars=3),
    )


def dark(week: Week) -> Grievance:
    return Grievance(
        "dirty_or_dark",
        week.when(3, 21.3),
        "充电位那一排灯全坏了，黑漆漆的，地上还有垃圾。",
        "qr",
        given=where("GX-07", None),
        course=courses.taken("wu"),
    )


def parking_fee(week: Week) -> Grievance:
    return Grievance(
        "parking_fee",
        week.when(5, 20.1),
        "说好充电减免两小时停车费，出场照样收了我十块钱。",
        "wechat",
        given=where("XC-08", 1, customer={"token": "APP-6226"}),
        course=courses.explained("停车减免未同步，10 元停车券已补发。", stars=4),
    )


def humming(week: Week) -> Grievance:
    return Grievance(
        "noise",
        week.when(2, 7.3),
        "楼下充电桩风扇整夜嗡嗡响，离卧室太近了，睡不着。",
        "web",
        given=where("HB-04", None, customer={"phone": "13300005656"}),
        course=courses.taken("li"),
    )


def roof(week: Week) -> Grievance:
    return Grievance(
        "suggestion",
        week.when(4, 12.8),
        "建议给湖滨路站加个雨棚，下雨天插枪淋得一身湿。",
        "app",
        given=where("HB-02", None),
        course=courses.explained("谢谢建议，已列入明年改造计划。", hours=30, stars=5),
    )


def log_in(week: Week) -> Grievance:
    return Grievance(
        "account",
        week.when(6, 15.5),
        "換了新手機之後 App 一直登入不了，驗證碼也收不到。",
        "app",
        "zh-Hant",
        given={"customer": {"phone": "+85291234567"}},
        course=courses.asked("請問新手機號碼是否與註冊時相同？"),
    )


def my_data(week: Week) -> Grievance:
    return Grievance(
        "privacy",
        week.when(3, 10.1),
        "Please tell me what personal data you hold about me and delete my account.",
        "email",
        "en",
        given={"customer": {"email": "data.subject@example.org"}},
        course=courses.taken("wu"),
    )


def sticker(week: Week) -> Grievance:
    return Grievance(
        "fraud",
        week.when(5, 11.8),
        "机场那边的桩上贴了张假的二维码，扫了跳到一个要输银行卡的页面，小心骗子。",
        "wechat",
        given=where("JC-09", None),
        course=courses.dispatched("假二维码已揭除并报警，谢谢您的提醒。", fault_level=2),
    )


def car_damaged(week: Week) -> Grievance:
    at = week.when(6, 13.5)
    week.charge(at, "XC-02", Charge(2, "APP-1029", 18, 66, reason="Local"))
    return Grievance(
        "car_damage",
        at + 60 * MINUTE,
        "充完电以后车子报充电系统故障，4S店说车载充电机烧了，是你们桩弄坏的，要赔偿。",
        "hotline",
        given=where("XC-02", 2, at, customer={"token": "APP-1029", "phone": "13100001029"}),
        course=courses.referred("市消费者协会", "XX-2026-118"),
    )


def left_umbrella(week: Week) -> Grievance:
    return Grievance(
        "other",
        week.when(6, 18.1),
        "昨天充电时把伞落在 3 号桩旁边了，有人捡到吗？",
        "app",
        given=where("GX-03", None),
        course=courses.explained("伞在物业服务台，请凭车牌领取。", hours=3, stars=5),
    )
