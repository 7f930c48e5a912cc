"""Complaints of the demo's week about money."""

from __future__ import annotations

from collections.abc import Sequence

from complaints.demo import courses
from complaints.demo.courses import Step
from complaints.demo.diary import Charge
from complaints.demo.traffic import Week
from complaints.demo.troubles.grievance import MINUTE, Grievance, where


def _contactor(week: Week, day: int, hour: float, token: str, text: str, course: Sequence[Step]) -> Grievance:
    """Plug 2 of HB-07 takes money and gives nothing; it never reports a fault."""
    at = week.when(day, hour)
    week.charge(at, "HB-07", Charge(2, token, 7, 0, wh=14, every=2), paid=None)
    paid = week.pay("HB-07", 2, token, "30.00", at - MINUTE)
    return Grievance(
        "charged_no_energy",
        at + 16 * MINUTE,
        text,
        given=where("HB-07", 2, at, payment_reference=paid, customer={"token": token}),
        course=course,
    )


def paid_for_nothing_1(week: Week) -> Grievance:
    return _contactor(
        week,
        3,
        9.2,
        "APP-5001",
        "付了30块，枪插着等了七八分钟，一度电都没充进去，钱也没退！",
        courses.refunded("查实这次没有充入电量，30.00 元已原路退回。", stars=5),
    )


def paid_for_nothing_2(week: Week) -> Grievance:
    return _contactor(
        week,
        3,
        18.8,
        "APP-5002",
        "扣了30元，电表一直是0，没充上电，请退款。",
        courses.refunded("查实没有充入电量，30.00 元已原路退回。", stars=4),
    )


def paid_for_nothing_3(week: Week) -> Grievance:
    return _contactor(
        week, 3, 20.4, "APP-5003", "又是 7 号桩！付钱了没电，前面那位大哥也一样，你们修不修？", courses.proposed()
    )


def start_failed_but_charged(week: Week) -> Grievance:
    at = week.when(1, 21.1)
    week.diaries["XC-01"].asked_to_start(at, 2, "APP-7788", None)
    paid = week.pay("XC-01", 2, "APP-7788", "50.00", at - MINUTE)
    return Grievance(
        "start_failed_charged",
        at + 25 * MINUTE,
        "启动失败却扣了我50块，桩根本没有开始充，请把钱退给我。",
        "wechat",
        given=where("XC-01", 2, at, payment_reference=paid, customer={"token": "APP-7788"}),
        course=courses.refunded("启动指令未得到桩的响应，没有产生充电，50.00 元已退回。", stars=5),
    )


def overcharged(week: Week) -> Grievance:
    at = week.when(2, 14.2)
    week.charge(at, "JC-07", Charge(1, "APP-6112", 28, 71), paid="92.40", order="ORD-6112")
    return Grievance(
        "overcharged",
        at + 3 * 60 * MINUTE,
        "充了三十三度左右，按标价怎么算也就六十出头，结果扣了九十二块四，多扣的请说明并退回。",
        "email",
        given=where("JC-07", 1, at, order="ORD-6112", customer={"token": "APP-6112", "email": "zhou@example.org"}),
        course=courses.refunded("重新计费后多收部分已退回。", stars=4),
    )


def charged_twice(week: Week) -> Grievance:
    at = week.when(3, 11.6)
    lived = week.charge(at, "HB-02", Charge(1, "APP-2090", 34, 43))
    second = week.pay(
        "HB-02", 1, "APP-2090", week.price("HB-02", lived.wh), lived.ended + 2 * MINUTE, transaction=lived.name
    )
    return Grievance(
        "double_charged",
        lived.ended + 40 * MINUTE,
        "一次充电扣了两次钱，两笔金额一模一样，退一笔。",
        "wechat",
        given=where("HB-02", 1, at, payment_reference=second, customer={"token": "APP-2090"}),
        course=courses.refunded("确认重复扣款，第二笔已退回。", stars=5),
    )


def hold_left_open(week: Week) -> Grievance:
    at = week.when(4, 9.2)
    lived = week.charge(at, "JC-02", Charge(1, "APP-3131", 26, 92), order="ORD-3131")
    week.pay("JC-02", 1, "APP-3131", "200.00", at - MINUTE, kind="hold", order="ORD-3131", method="card")
    return Grievance(
        "hold_not_released",
        lived.ended + 26 * 60 * MINUTE,
        "The 200 yuan pre-authorisation on my card is still blocked a day after charging. When do I get it back?",
        "email",
        "en",
        given=where("JC-02", 1, at, order="ORD-3131", customer={"email": "t.lind@example.org"}),
        course=courses.taken("wu"),
    )


def idle_fee_justified(week: Week) -> Grievance:
    at = week.when(4, 15.3)
    lived = week.charge(at, "XC-05", Charge(2, "APP-4040", 32, 74, free_after=75, reason="Local"), paid=None)
    week.pay(
        "XC-05",
        2,
        "APP-4040",
        str(round(lived.wh / 1000 * 1.5 + 60 * 0.5, 2)),
        lived.ended + 76 * MINUTE,
        transaction=lived.name,
    )
    return Grievance(
        "idle_fee",
        lived.ended + 100 * MINUTE,
        "充完电多收了我三十块占位费，我就吃了个饭，凭什么！",
        "app",
        given=where("XC-05", 2, lived.ended, customer={"token": "APP-4040"}),
        course=courses.explained("充电结束后车辆停留 75 分钟，扣除 15 分钟免费时间，占位费按标准收取。", stars=2),
    )


def wrong_period(week: Week) -> Grievance:
    at = week.when(2, 22.4)
    lived = week.charge(at, "YY-03", Charge(1, "APP-1717", 210, 6.4, every=30), paid=None)
    week.pay("YY-03", 1, "APP-1717", str(round(lived.wh / 1000 * 1.2, 2)), lived.ended, transaction=lived.name)
    return Grievance(
        "wrong_tariff",
        week.when(3, 8.5),
        "夜里十点半开始充的，应该按谷电六毛算，账单全按一块二收的！",
        "app",
        given=where("YY-03", 1, at, customer={"token": "APP-1717"}),
        course=courses.refunded("时段计价有误，差额已退回。", stars=5),
    )


def not_my_session(week: Week) -> Grievance:
    at = week.ago(3.2)
    lived = week.charge(at, "HB-01", Charge(2, "APP-2468", 23, 39))
    return Grievance(
        "not_my_session",
        lived.ended + 70 * MINUTE,
        "我今天根本没有充过电，怎么手机上多了一笔湖滨路的充电扣款？不是我的订单。",
        "app",
        given=where("HB-01", 2, at, customer={"token": "APP-2468"}),
        course=courses.asked("请问账号最近是否借给他人使用过？"),
    )


def kwh_too_high(week: Week) -> Grievance:
    at = week.when(6, 10.2)
    week.charge(at, "GX-05", Charge(1, "APP-7070", 60, 6.6, wh=21_400))
    return Grievance(
        "energy_too_high",
        at + 100 * MINUTE,
        "7千瓦的慢桩充了一个小时，账单上写21度电，怎么可能？",
        "wechat",
        given=where("GX-05", 1, at, customer={"token": "APP-7070"}),
        course=courses.proposed(),
    )


def coupon_ignored(week: Week) -> Grievance:
    at = week.ago(1.7)
    week.charge(at, "XC-03", Charge(1, "APP-8383", 29, 77))
    return Grievance(
        "discount_missing",
        at + 50 * MINUTE,
        "领了八折的充电券，结算的时候没有抵扣，券也没了。",
        "app",
        given=where("XC-03", 1, at, customer={"token": "APP-8383"}),
        course=courses.taken("qian"),
    )


def refund_never_came(week: Week) -> Grievance:
    at = week.when(0, 17.0)
    week.charge(at, "HB-08", Charge(1, "APP-9191", 6, 0, wh=9, every=2), paid=None)
    week.pay("HB-08", 1, "APP-9191", "20.00", at - MINUTE)
    return Grievance(
        "refund_missing",
        week.when(6, 8.1),
        "上周客服说三天内退款，到现在还没有收到那20块钱。",
        "hotline",
        given=where("HB-08", 1, at, customer={"token": "APP-9191", "phone": "13500009191"}),
        course=courses.proposed(),
    )


def invoice(week: Week) -> Grievance:
    at = week.when(5, 14.7)
    return Grievance(
        "invoice",
        at,
        "麻烦给上个月的充电订单开一张电子发票，抬头是公司的。",
        "email",
        given={"customer": {"email": "caiwu@example.org"}},
        course=courses.explained("发票已发送到您的邮箱。", hours=5, stars=5),
    )
