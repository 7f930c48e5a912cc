"""How the transaction ended, and who ended it. A station's own reason alone is weak (vendors lie)."""

from __future__ import annotations

from datetime import timedelta

from complaints.findings import Ref, Stance
from complaints.rules.case import MARGIN, Case
from complaints.rules.endings import (
    FAULT_REASONS,
    LIMIT_REASONS,
    NOBODYS,
    SHORT,
    VEHICLE_REASONS,
    before_stop,
    charge_over,
    dropped_together,
    ended,
    ended_by,
    faults_at_stop,
    for_credit,
    own_boots,
    own_request,
    reason,
    staff_commands,
    stop_authorized,
    suspended_to_the_end,
)
from complaints.rules.register import Held, rule, stance
from complaints.rules.topics import CUT_SHORT, DOWN, IDLE, NO_ENERGY, NOT_MINE, TOO_MUCH
from complaints.rules.words import (
    STOP_REASONS,
    TOKEN_STATUSES,
    both,
    clock,
    command_refs,
    fault_en,
    fault_refs,
    fault_zh,
    start_refs,
    stop_refs,
    transaction_ref,
)


@rule("stop.by_customer", grade="C")
def by_customer(case: Case) -> Held | None:
    """Local, or Remote by the customer's own request. A 1.6 stop without a reason means Local by the
    specification and is inconclusive unless his card or request is on record. Contract; evidence-rules 2.
    Not the conclusion that he was satisfied: OCPP 2.1 itself warns that energy may be zero."""
    t = ended(case)
    if t is None or staff_commands(case):
        return None
    request = own_request(case)
    from_afar = reason(t) == "Remote" or (reason(t) == "" and t.stop_trigger == "RemoteStop")
    if from_afar and not request:
        return None  # that he was the one who asked is nowhere on record
    named = from_afar or reason(t) == "Local" or t.stop_trigger == "StopAuthorized" or bool(stop_authorized(case))
    unlocked = reason(t) == "UnlockCommand" and bool(request)
    silent = t.stop_reason is None and t.reference is None
    others = NOBODYS | LIMIT_REASONS | VEHICLE_REASONS | {"MasterPass", "Timeout"}
    if not (named or unlocked or silent) or reason(t) in others:
        return None
    meaning = _own_stop_means(case, proven=bool(request), silent=silent)
    when = clock(case, charge_over(case))
    if request:
        en = f"The session was ended at {when} at the customer's own request (card or app)."
        zh = f"{when} 由用户本人（刷卡或 APP）结束充电。"
    else:
        en = f"The station reports that the session was ended by hand at {when}; whose hand is not on record."
        zh = f"充电桩报告 {when} 由人工结束充电，但没有记录是谁操作的。"
    return Held(meaning, en, zh, (*stop_refs(t), *request), 0.9 if request else 0.5, "B" if request else "C")


@rule("stop.by_staff", grade="B")
def by_staff(case: Case) -> Held | None:
    """A command of ours ended it (stop, reset, unlock), with who and when. Contract; evidence-rules 32.
    MasterPass is a staff card shown at the station."""
    t = ended(case)
    if t is None:
        return None
    commands = staff_commands(case)
    if commands:
        one = commands[-1]
        what_en = {"reset": "restart", "unlock": "unlock"}.get(one.kind, "stop")
        what_zh = {"reset": "重启", "unlock": "解锁"}.get(one.kind, "停止")
        en = f"Our own {what_en} command of {clock(case, one.requested_at)} (by {one.requested_by}) ended the session."
        zh = f"{clock(case, one.requested_at)} 我方（{one.requested_by}）下发的{what_zh}指令结束了本次充电。"
        refs: tuple[Ref, ...] = (*command_refs(one), *stop_refs(t))
    elif reason(t) == "MasterPass" or (reason(t) == "UnlockCommand" and not own_request(case)):
        how_en, how_zh = both(STOP_REASONS, reason(t))
        en = f"Staff ended the session at the station ({how_en})."
        zh = f"由工作人员在现场结束充电（{how_zh}）。"
        refs = stop_refs(t)
    else:
        return None
    return Held(stance(case, supports=CUT_SHORT | NO_ENERGY), en, zh, refs, 0.95)


@rule("stop.by_vehicle", grade="C")
def by_vehicle(case: Case) -> Held | None:
    """The vehicle ended or suspended it: StoppedByEV, a state-of-charge limit, or SuspendedEV up to the
    end. Contract; evidence-rules 2. A fault at the same moment takes precedence."""
    t = ended(case)
    if t is None or (faults_at_stop(case) and reason(t) not in VEHICLE_REASONS):
        return None
    last = suspended_to_the_end(case) if reason(t) not in NOBODYS else None
    if reason(t) not in VEHICLE_REASONS and last is None:
        return None
    soc = next((r.soc_percent for r in reversed(case.readings) if r.soc_percent is not None), None)
    at_en, at_zh = (f" at {soc:.0f} % charge", f"（电量 {soc:.0f}%）") if soc is not None else ("", "")
    refs = (*stop_refs(t), *((Ref("frame", last.frame, last.start),) if last else ()))
    return Held(
        stance(case, contradicts=CUT_SHORT),
        f"The car itself stopped drawing power{at_en}.",
        f"是车辆自身停止了充电{at_zh}。", refs, 0.85,
    )


@rule("stop.by_limit", grade="C")
def by_limit(case: Case) -> Held | None:
    """Energy, time, cost or credit limit reached. Contract; fault-knowledge 3.3. In 1.6 it shows only as
    a stop command of our own billing."""
    t = ended(case)
    if t is None:
        return None
    limited = reason(t) in LIMIT_REASONS or t.stop_trigger in LIMIT_REASONS
    commands = [c for c in case.stop_commands if for_credit(c) and before_stop(case, c.requested_at, SHORT)]
    if not limited and not commands:
        return None
    refs = (*stop_refs(t), *(r for c in commands for r in command_refs(c)))
    named = next((r for r in (reason(t), t.stop_trigger or "") if r in LIMIT_REASONS), "")
    limit_en, limit_zh = both(STOP_REASONS, named, ("credit", "余额"))
    return Held(
        stance(case, contradicts=CUT_SHORT),
        f"The session ended because its limit was reached ({limit_en}).",
        f"充电因达到设定的上限而结束（{limit_zh}）。", refs, 0.85,
    )


@rule("stop.cable_removed", grade="C")
def cable_removed(case: Case) -> Held | None:
    """EVDisconnected: the plug was drawn or the car moved. Contract; evidence-rules 2 (inconclusive). A 2.x
    transaction that was stopped before and only lasted until then was not ended by it."""
    t = ended(case)
    drawn = t is not None and reason(t) == "" and t.stop_trigger in ("EVDeparted", "EVCommunicationLost")
    if t is None or not (reason(t) == "EVDisconnected" or drawn):
        return None
    return Held(
        "inconclusive",
        f"The session ended at {clock(case, case.stopped_at)} when the plug was drawn.",
        f"{clock(case, case.stopped_at)} 拔枪后充电结束。", stop_refs(t), 0.7,
    )


@rule("stop.by_fault", grade="B")
def by_fault(case: Case) -> Held | None:
    """A fault of that connector, its EVSE or the whole station opened within 60 s before the stop, or the
    stop reason is one. Contract; evidence-rules 2. Whose fault it is, is liability's question."""
    t = ended(case)
    if t is None:
        return None
    faults = faults_at_stop(case)
    named = reason(t) in FAULT_REASONS or (reason(t) in ("", "Other") and t.stop_trigger == "AbnormalCondition")
    if not faults and not named:
        return None
    named_en, named_zh = both(STOP_REASONS, reason(t) if reason(t) in FAULT_REASONS else "AbnormalCondition")
    what_en = ", ".join(fault_en(f) for f in faults) or named_en
    what_zh = "、".join(fault_zh(f) for f in faults) or named_zh
    return Held(
        stance(case, supports=CUT_SHORT | NO_ENERGY | DOWN),
        f"A fault ended the session at {clock(case, case.stopped_at)}: {what_en}.",
        f"{clock(case, case.stopped_at)} 因故障中断充电：{what_zh}。",
        (*fault_refs(faults), *stop_refs(t)), 0.95 if faults else 0.8, "B" if faults else "C",
    )


@rule("stop.emergency", grade="B")
def emergency(case: Case) -> Held | None:
    """An emergency stop ended it: the reason, or such a fault at the stop. Contract; evidence-rules 11.
    Who pressed the button is not in the records."""
    t = ended(case)
    if t is None:
        return None
    faults = tuple(f for f in faults_at_stop(case) if f.kind == "emergency")
    if reason(t) != "EmergencyStop" and not faults:
        return None
    victims = [
        o for o in case.story.transactions
        if o.id != t.id and o.stopped_at and o.stop_reason == "EmergencyStop"
        and abs(o.stopped_at - case.stopped_at) <= timedelta(seconds=10)
    ]
    also_en = " The other car at the station was stopped in the same moment." if victims else ""
    also_zh = "同一时刻旁边车辆的充电也被中断。" if victims else ""
    return Held(
        stance(case, supports=CUT_SHORT | NO_ENERGY | DOWN),
        f"The emergency stop was pressed at {clock(case, case.stopped_at)} and cut the power.{also_en}",
        f"{clock(case, case.stopped_at)} 急停按钮被按下，充电被切断。{also_zh}",
        (*stop_refs(t), *fault_refs(faults), *(r for o in victims for r in stop_refs(o))), 0.95,
    )


@rule("stop.power_loss", grade="B")
def power_loss(case: Case) -> Held | None:
    """PowerLoss, or several stations of the site dropped together as it ended. Contract; evidence-rules 31.
    A restart of ours drops them too, but ends no session."""
    t = case.transaction
    if t is None:
        return None
    drops = dropped_together(case)
    if reason(t) != "PowerLoss" and not (drops and ended_by(case, drops)):
        return None
    site_en = f", together with {len(drops) - 1} other station(s) of the site" if len(drops) > 1 else ""
    site_zh = f"，同站另有 {len(drops) - 1} 台桩同时掉线" if len(drops) > 1 else ""
    return Held(
        stance(case, supports=CUT_SHORT | NO_ENERGY | DOWN),
        f"The power supply failed at {clock(case, case.stopped_at)}{site_en}.",
        f"{clock(case, case.stopped_at)} 供电中断{site_zh}。",
        (*stop_refs(t), *(Ref("connection", c.id, c.disconnected_at) for c in drops)), 0.95 if drops else 0.8,
    )


@rule("stop.reboot", grade="C")
def reboot(case: Case) -> Held | None:
    """Reboot, watchdog, or a boot during, as it ended, with no command of ours and no power cut. Contract;
    evidence-rules 32."""
    t = case.transaction
    if t is None or reason(t) == "PowerLoss" or staff_commands(case):
        return None
    boots = own_boots(case)
    at_end = [b for b in boots if ended(case) is None or before_stop(case, b.at, timedelta(minutes=5), MARGIN)]
    if reason(t) != "Reboot" and (not at_end or own_request(case) or dropped_together(case)):
        return None
    return Held(
        stance(case, supports=CUT_SHORT | NO_ENERGY | DOWN),
        f"The station restarted by itself at about {clock(case, at_end[0].at if at_end else case.stopped_at)}, "
        "and nobody had asked it to.",
        f"充电桩约 {clock(case, at_end[0].at if at_end else case.stopped_at)} 自行重启，并非平台下发指令。",
        (*stop_refs(t), *(Ref("frame", b.frame, b.at) for b in boots)), 0.85,
    )


@rule("stop.deauthorized", grade="C")
def deauthorized(case: Case) -> Held | None:
    """DeAuthorized: the authorisation was withdrawn. Contract; fault-knowledge 3.2. OpenEVSE reports power
    cuts so (787); an account that was rightly blocked is the customer's."""
    t = ended(case)
    if t is None or not (reason(t) == "DeAuthorized" or t.stop_trigger == "Deauthorized"):
        return None
    rightly = (t.token_status or "Accepted") in ("Blocked", "Expired", "NoCredit")
    topics = CUT_SHORT | NO_ENERGY
    why_en, why_zh = both(TOKEN_STATUSES, t.token_status or "", ("unexplained", "未给出原因"))
    return Held(
        stance(case, contradicts=topics) if rightly else stance(case, supports=topics),
        f"The session was ended because the card or account was not authorised ({why_en}).",
        f"因卡或账户未通过授权（{why_zh}），充电被结束。",
        (*stop_refs(t), *start_refs(t)), 0.8,
    )


@rule("stop.missing", grade="D")
def missing(case: Case) -> Held | None:
    """Unplugged or the next session seen, and no stop ever came. Contract; evidence-rules 19. A plug that
    reports Available while power still flows (station-quirks 33) is not unplugged."""
    t = case.transaction
    if t is None or t.stop_received_at is not None or case.unplugged_at is None:
        return None
    gone = case.unplugged_at
    if any(r.at > gone + 2 * MARGIN and (r.power_w or 0.0) > 100 for r in case.readings):
        return None
    marks = [Ref("frame", s.frame, s.at) for s in case.connector_statuses if s.at == gone]
    following = transaction_ref(case.next) if case.next else None
    return Held(
        stance(case, supports=IDLE | TOO_MUCH | NOT_MINE | {"cannot_stop", "double_charged", "status_wrong"}),
        f"The plug was free again at {clock(case, gone)}, but the station never reported the end of the session.",
        f"{clock(case, gone)} 枪已空闲，但充电桩一直没有上报结束充电。",
        (*start_refs(t), *marks, *([following] if following else [])), 0.9,
    )


def _own_stop_means(case: Case, *, proven: bool, silent: bool) -> Stance:
    t = case.transaction
    strangers = t is not None and t.stop_token is not None and not case.is_his(t.stop_token)
    if not proven and (silent or strangers or (t is not None and reason(t) == "Remote")):
        return "inconclusive"
    if faults_at_stop(case):
        return "inconclusive"  # he may well have pressed stop because of the fault
    return stance(case, contradicts=CUT_SHORT)
