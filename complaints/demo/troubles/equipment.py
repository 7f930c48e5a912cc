"""Complaints of the demo's week about the chargers themselves."""

from __future__ import annotations

from datetime import timedelta

from complaints.demo import courses
from complaints.demo.diary import Charge
from complaints.demo.traffic import Week
from complaints.demo.troubles.grievance import MINUTE, Grievance, where


def start_refused(week: Week) -> Grievance:
    at = week.when(1, 8.2)
    diary = week.diaries["HB-03"]
    for n in range(3):
        diary.asked_to_start(at + n * 2 * MINUTE, 1, "APP-7421", "Rejected")
    week.occupy("HB-03", 1, at, at + 30 * MINUTE)
    return Grievance(
        "cannot_start",
        at + 12 * MINUTE,
        "扫了三次码都提示启动失败，枪插得好好的，到底能不能充？换了一个桩才充上。",
        given=where("HB-03", 1, at, customer={"token": "APP-7421", "phone": "13800007421"}),
        course=courses.dispatched("已安排师傅检查 3 号桩，请先使用旁边的桩。", fault_level=2),
    )


def trip_after_overcurrent(week: Week) -> Grievance:
    at = week.when(2, 18.5)
    week.charge(at, "XC-02", Charge(1, "APP-3310", 9, 88, reason="Other", free_after=14))
    week.diaries["XC-02"].fault(at + 8.9 * MINUTE, 1, "OverCurrentFailure", 12, "module 3 over current", "E-231")
    return Grievance(
        "stopped_early",
        at + 40 * MINUTE,
        "充了不到十分钟就自己停了，桩上红灯亮着报故障，车才充到 40%，我接孩子差点没电。",
        "wechat",
        given=where("XC-02", 1, at + 9 * MINUTE, customer={"token": "APP-3310"}),
        course=courses.dispatched("功率模块故障已派单更换，这次只按实际电量收费。", fault_level=1),
    )


def derated_by_heat(week: Week) -> Grievance:
    at = week.when(3, 13.1)
    week.charge(
        at,
        "JC-01",
        Charge(
            1,
            "APP-5520",
            52,
            38,
            offered_kw=40,
            temperature=88,
            soc=24,
            every=7,
        ),
    )
    week.diaries["JC-01"].fault(at + 55 * MINUTE, 1, "CX009", 25, "connector inlet temperature 91 C, derated")
    return Grievance(
        "slow",
        at + 90 * MINUTE,
        "This is signed as a 180 kW charger and I got under 40 kW the whole time at 24% battery. I missed my drop-off "
        "slot. The cable was warm to the touch.",
        "app",
        "en",
        given=where("JC-01", 1, at, customer={"token": "APP-5520", "email": "m.harris@example.org"}),
        course=courses.dispatched(
            "The plug ran hot and the charger throttled itself; it will be serviced.", fault_level=2
        ),
    )


def lock_jammed(week: Week) -> Grievance:
    at = week.when(5, 19.3)
    week.charge(at, "HB-05", Charge(2, "APP-6604", 31, 41, free_after=48))
    diary = week.diaries["HB-05"]
    diary.fault(at + 33 * MINUTE, 2, "ConnectorLockFailure", 44, "lock motor timeout", "E-107")
    diary.is_asked(at + 52 * MINUTE, "UnlockConnector", {"connectorId": 2}, {"status": "UnlockFailed"}, "agent:li")
    diary.is_asked(at + 70 * MINUTE, "UnlockConnector", {"connectorId": 2}, {"status": "Unlocked"}, "agent:li")
    return Grievance(
        "connector_stuck",
        at + 45 * MINUTE,
        "充完了枪拔不下来，按了解锁也没反应，车锁在这里走不了，急！",
        "hotline",
        given=where(
            "HB-05", 2, at + 31 * MINUTE, customer={"token": "APP-6604", "phone": "13900006604", "plate": "浙A·D66042"}
        ),
        course=courses.explained("枪锁电机卡滞，远程解锁后已恢复；锁已列入更换计划，耽误您时间很抱歉。", stars=4),
    )


def plug_will_not_go_in(week: Week) -> Grievance:
    at = week.when(4, 10.4)
    return Grievance(
        "cannot_insert",
        at,
        "2 号枪插头里面好像歪了，怎么都插不进我的车，旁边那把可以。",
        "wechat",
        given=where("XC-04", 2, at - 10 * MINUTE, customer={"token": "APP-9098"}),
        course=courses.dispatched("枪头端子变形，已停用并安排更换。", fault_level=2),
    )


def dead_screen(week: Week) -> Grievance:
    at = week.ago(2.6)
    diary = week.diaries["XC-09"]
    diary.event(at - 200 * MINUTE, 1, "ReaderFailure", "card reader does not answer", "true")
    return Grievance(
        "screen_or_reader",
        at,
        "刷卡没有任何反应，屏幕也是黑的，只能用别的桩。",
        given=where("XC-09", 1, at - 5 * MINUTE, customer={"token": "0422A1B3"}),
        course=courses.taken("wu"),
    )


def site_without_power(week: Week) -> Grievance:
    at = week.when(4, 20.2)
    for n in range(1, 7):
        diary = week.diaries[f"GS-{n:02d}"]
        diary.disconnected(at + n * timedelta(seconds=0.4))
        diary.connected(at + 95 * MINUTE + n * MINUTE)
    for n in range(1, 7):
        for evse in (1, 2):
            week.occupy(f"GS-{n:02d}", evse, at - MINUTE, at + 110 * MINUTE)
    return Grievance(
        "station_down",
        at + 15 * MINUTE,
        "服务区六台桩全部黑屏，一台都用不了，后面排了十几辆车，没人管！",
        "hotline",
        given=where("GS-01", None, at, customer={"phone": "13700001188"}),
        course=courses.explained("G25 东区整站停电 95 分钟，已恢复。给您带来不便深表歉意。", hours=20, stars=3),
    )


def power_loss_in_session(week: Week) -> Grievance:
    at = week.when(4, 19.85)
    week.charge(at, "GS-04", Charge(1, "APP-2276", 21, 97, reason="PowerLoss", free_after=90))
    return Grievance(
        "stopped_early",
        week.when(4, 21.2),
        "充到一半突然整个服务区都停电了，才充了三十来度，钱却没少收？",
        "app",
        given=where("GS-04", 1, at + 20 * MINUTE, customer={"token": "APP-2276"}),
        course=courses.explained("停电前已充入的电量按单价计费，没有多收；停电原因是变压器跳闸。", stars=4),
    )


def shown_free_but_out_of_order(week: Week) -> Grievance:
    at = week.when(3, 9.5)
    week.diaries["GX-02"].fault(at - 240 * MINUTE, 1, "InternalError", 420, "relay welded check failed")
    week.occupy("GX-02", 1, at - 241 * MINUTE, at + 185 * MINUTE)
    return Grievance(
        "status_wrong",
        at,
        "App 上显示 2 号桩空闲，跑过去一看是故障的，白跑一趟，地图能不能准一点。",
        "app",
        given=where("GX-02", 1, at - 8 * MINUTE, customer={"token": "APP-1180"}),
        course=courses.explained("地图缓存导致状态晚了几分钟，已修正，谢谢指出。", stars=5),
    )


def cracked_housing(week: Week) -> Grievance:
    at = week.when(6, 8.9)
    return Grievance(
        "damaged",
        at,
        "The housing of the left plug is cracked from top to bottom, someone must have driven over it. "
        "It still charges but it looks bad.",
        "web",
        "en",
        given=where("JC-03", 1, at - 20 * MINUTE, customer={"email": "j.novak@example.org"}),
        course=courses.dispatched("Thank you. A technician will replace the plug.", fault_level=3),
    )


def will_not_stop(week: Week) -> Grievance:
    at = week.when(5, 12.4)
    week.charge(at, "XC-06", Charge(1, "APP-8811", 46, 62, reason="Local", started_by="app"))
    diary = week.diaries["XC-06"]
    for n in range(3):
        diary.is_asked(
            at + (24 + n) * MINUTE,
            "TriggerMessage",
            {"requestedMessage": "MeterValues", "connectorId": 1},
            {"status": "Rejected"},
            "agent:wu",
        )
    return Grievance(
        "cannot_stop",
        at + 60 * MINUTE,
        "App 上点了好几次结束都没反应，一直充了二十多分钟才停，多收的钱谁出？",
        "app",
        given=where("XC-06", 1, at + 24 * MINUTE, customer={"token": "APP-8811"}),
        course=courses.taken("li"),
    )


def burnt_smell(week: Week) -> Grievance:
    at = week.ago(1.1)
    week.charge(at - 20 * MINUTE, "HB-06", Charge(1, "APP-4417", 14, 44, reason="Local"))
    return Grievance(
        "safety",
        at,
        "充电的时候枪头冒烟，有很重的焦糊味，我已经拔了不敢再碰！",
        "hotline",
        given=where("HB-06", 1, at - 6 * MINUTE, customer={"phone": "13600004417", "token": "APP-4417"}),
        course=courses.danger("已停用 6 号桩并派人到场，请不要再触碰。"),
    )


def stopped_by_the_car(week: Week) -> Grievance:
    at = week.when(6, 17.2)
    lived = week.charge(at, "JC-04", Charge(2, "APP-3434", 38, 54, soc=52, reason="StoppedByEV", state="Charging"))
    return Grievance(
        "stopped_early",
        lived.ended + 30 * MINUTE,
        "沒充滿就自己停了，是不是你們的樁有問題？",
        "app",
        "zh-Hant",
        given=where("JC-04", 2, lived.ended, customer={"token": "APP-3434"}),
        course=courses.disputed("紀錄顯示是車輛達到設定的充電上限而結束。", "我沒有設定上限，請再查。"),
    )
