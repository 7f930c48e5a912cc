"""What car and station did while plugged in, and whose car it was."""

from __future__ import annotations

from datetime import datetime, timedelta

from complaints.findings import Ref, Stance
from complaints.matching.tries import same_token
from complaints.rules.case import Case
from complaints.rules.phases import overlap_s, total_s
from complaints.rules.register import Held, rule, stance
from complaints.rules.topics import CUT_SHORT, IDLE, NO_ENERGY, NOT_MINE, NOT_STARTED, SLOW, TOO_MUCH
from complaints.rules.words import clock, command_refs, kwh, reading_ref, span, start_refs, stop_refs
from csms.vocabulary import StatusChange, Transaction, TransactionStep

_STALE = timedelta(hours=12)
"""An open transaction older than this says nothing of where its card is."""
_AT_ONCE_S = 120.0


@rule("vehicle.suspended", grade="C")
def vehicle_suspended(case: Case) -> Held | None:
    """SuspendedEV for most of the session: the car took nothing though it was offered. Contract;
    evidence-rules 29. A car's timer, a full battery and a car that cannot agree with the station all
    look so."""
    return _suspended(
        case, "SuspendedEV", stance(case, contradicts=SLOW | CUT_SHORT),
        "For {m} of the session the car itself did not ask for power.",
        "本次充电中有 {m}是车辆自身没有请求充电。",
    )


@rule("station.suspended", grade="C")
def station_suspended(case: Case) -> Held | None:
    """SuspendedEVSE for most of the session: the station gave no power. Contract; evidence-rules 30. A station
    whose card we refused only waits as it must (1.6 section 4.9): nothing either way."""
    refused = case.transaction is not None and case.transaction.token_status not in (None, "Accepted")
    return _suspended(
        case, "SuspendedEVSE", stance(case, supports=() if refused else NO_ENERGY | SLOW | CUT_SHORT | IDLE),
        "For {m} of the session the station itself held back the power.",
        "本次充电中有 {m}是充电桩自身暂停了输出。",
    )


@rule("vehicle.other_in_session", grade="C")
def other_in_session(case: Case) -> Held | None:
    """Unplug and replug, or another vehicle id, inside the transaction: the energy after it may be another
    car's. Contract; evidence-rules 14 (StopTransactionOnEVSideDisconnect=false)."""
    swap = unplugged_inside(case)
    vehicles = _vehicle_ids(case)
    if swap is None and len(vehicles) < 2:
        return None
    if swap is not None:
        gone, back = swap
        en = f"The car was unplugged at {clock(case, gone.at)} and a plug came in again at {clock(case, back.at)}, "
        en += "while the session was still running."
        zh = f"充电未结束时，{clock(case, gone.at)} 拔枪，{clock(case, back.at)} 又有车辆插枪。"
        refs: tuple[Ref, ...] = (Ref("frame", gone.frame, gone.at), Ref("frame", back.frame, back.at))
    else:
        en, zh = "Two different vehicles reported themselves in this session.", "本次充电中出现了两个不同的车辆标识。"
        refs = tuple(vehicles.values())[:2]
    return Held(stance(case, supports=NOT_MINE | TOO_MUCH | {"charged_no_energy"}), en, zh, refs, 0.85)


Mark = StatusChange | TransactionStep


def unplugged_inside(case: Case) -> tuple[Mark, Mark] | None:
    """The first unplugging inside the transaction that was followed by another plugging in."""
    t = case.transaction
    if t is None:
        return None
    inside = [s for s in case.statuses if t.started_at < s.at < case.stopped_at]
    gone: StatusChange | None = None
    for status in inside:
        if status.status in ("Available", "Idle") and _was_plugged(case, status.at):
            gone = gone or status
        elif gone is not None and status.status not in ("Available", "Idle", "Reserved", "Unavailable", "Faulted"):
            return gone, status
    return _departed(case)


def _departed(case: Case) -> tuple[TransactionStep, TransactionStep] | None:
    """2.x says it in the trigger of an event: EVDeparted, then a plug or a vehicle again."""
    gone: TransactionStep | None = None
    for step in case.steps:
        if step.trigger == "EVDeparted" and step.type != "Ended":
            gone = gone or step
        elif gone is not None and step.trigger in ("EVDetected", "CablePluggedIn"):
            return gone, step
    return None


@rule("token.two_places", grade="D")
def two_places(case: Case) -> Held | None:
    """The token was used at two places at once. Contract; evidence-rules 50. A session that merely never
    got its end is no use of the token."""
    other = used_elsewhere_then(case)
    if other is None:
        return None
    own = start_refs(case.transaction) if case.transaction else ()
    return Held(
        stance(case, supports=NOT_MINE, contradicts=NOT_STARTED - NO_ENERGY),
        f"The same card or account was charging at {other.station}, plug {other.evse}, at the same time.",
        f"同一张卡或账户当时还在 {other.station} 的 {other.evse} 号枪充电。",
        (*start_refs(other), *own), 0.85,
    )


def used_elsewhere_then(case: Case) -> Transaction | None:
    """Another transaction of the driver's token that truly ran at the same time."""
    t = case.transaction
    if t is not None:
        span = (t.started_at, case.stopped_at)
    elif case.tries:
        span = (case.tries[0].at - timedelta(minutes=2), case.tries[-1].at + timedelta(minutes=2))
    else:
        return None
    for other in (*case.story.elsewhere, *case.story.transactions):
        mine = case.is_his(other.token) or (t is not None and same_token(other.token, t.token))
        if not mine or (t is not None and other.id == t.id):
            continue
        if overlap_s(span, (other.started_at, _ran_until(other, case))) >= _AT_ONCE_S:
            return other
    return None


@rule("connectors.swapped", grade="C")
def swapped(case: Case) -> Held | None:
    """Energy on the neighbour's connector while the named one shows none, start asked for the named one.
    Contract; evidence-rules 18: one event is a hint, the mirror image seen before makes it a pattern.
    Either the transaction began at the neighbour, or it gave nothing where it began while the neighbour's
    register rose without a transaction of its own."""
    t, command = case.transaction, case.start_command
    if t is None or command is None or command.evse in (None, 0):
        return None
    if command.evse == t.evse:
        return _energy_next_door(case)
    named = command.evse
    if (case.energy_wh or 0.0) < 50 or _gave_energy(case, named):
        return None
    mirror = _mirrored(case)
    again_en = " The same happened the other way round before." if mirror else ""
    again_zh = "此前还出现过相反方向的同样情况。" if mirror else ""
    refs = (*command_refs(command), *start_refs(t), *stop_refs(t), *(start_refs(mirror) if mirror else ()))
    return Held(
        stance(case, supports=NO_ENERGY | NOT_MINE),
        f"The start was asked for plug {named}, but the {kwh(case.energy_wh or 0.0)} went to plug {t.evse} "
        f"while plug {named} gave nothing.{again_en}",
        f"请求启动的是 {named} 号枪，但 {kwh(case.energy_wh or 0.0)} 实际输出到了 {t.evse} 号枪，"
        f"{named} 号枪没有输出。{again_zh}",
        refs, 0.95 if mirror else 0.85,
    )


def _energy_next_door(case: Case) -> Held | None:
    t, command = case.transaction, case.start_command
    if t is None or command is None or case.energy_wh is None or case.energy_wh >= 50:
        return None
    span = (t.started_at, case.stopped_at)
    for evse in sorted({r.evse for r in case.story.readings} - {t.evse, 0}):
        if any(o.evse == evse and overlap_s(span, (o.started_at, o.stopped_at or case.now)) for o in _all(case)):
            continue
        rising = [r for r in case.story.readings if r.evse == evse and r.energy_wh is not None
                  and span[0] <= r.at <= span[1]]
        rise = (rising[-1].energy_wh or 0.0) - (rising[0].energy_wh or 0.0) if rising else 0.0
        if rise >= 500:
            return Held(
                stance(case, supports=NO_ENERGY | NOT_MINE),
                f"The start was asked for plug {t.evse}, which gave nothing; {kwh(rise)} went out at plug {evse}.",
                f"请求启动的是 {t.evse} 号枪却没有输出，同一时间 {evse} 号枪输出了 {kwh(rise)}。",
                (*command_refs(command), *start_refs(t), reading_ref(rising[0]), reading_ref(rising[-1])), 0.85,
            )
    return None


def _all(case: Case) -> tuple[Transaction, ...]:
    return case.story.transactions


def _suspended(case: Case, status: str, meaning: Stance, en: str, zh: str) -> Held | None:
    t = case.transaction
    if t is None:
        return None
    length = (case.stopped_at - t.started_at).total_seconds()
    held = total_s(case.phases, status)
    if length <= 0 or held <= 0.5 * length:
        return None
    how_long, how_long_zh = span(held)
    refs = tuple(Ref("frame", p.frame, p.start) for p in case.phases if p.status == status)
    return Held(meaning, en.format(m=how_long), zh.format(m=how_long_zh), refs, 0.9)


def _was_plugged(case: Case, at: datetime) -> bool:
    """A vehicle had been on the plug in this transaction before."""
    t = case.transaction
    before = [s.status for s in case.statuses if t is not None and t.started_at <= s.at < at]
    energy = [r for r in case.registers if r.at <= at]
    used = {"Charging", "SuspendedEV", "SuspendedEVSE", "EVConnected"}
    return any(s in used for s in before) or len(energy) > 1


def _vehicle_ids(case: Case) -> dict[str, Ref]:
    """Vehicle ids in the readings (VIN, MAC), each with the first reading that names it."""
    found: dict[str, Ref] = {}
    for reading in case.readings:
        for key, value in sorted(reading.other.items()):
            if key.lower() in ("vin", "evccid", "vehicleid", "mac") and value:
                found.setdefault(str(value), reading_ref(reading))
    return found


def _ran_until(t: Transaction, case: Case) -> datetime:
    if t.stopped_at is not None and t.stop_received_at is not None:
        return t.stopped_at
    stale = t.state != "open" or "stop_missing" in t.suspect or case.stated_at - t.started_at > _STALE
    return t.started_at if stale else case.now


def _gave_energy(case: Case, evse: int | None) -> bool:
    """The named plug gave energy during the session, by its readings or by a transaction of its own."""
    t = case.transaction
    assert t is not None
    span = (t.started_at, case.stopped_at)
    values = [
        r.energy_wh for r in case.story.readings
        if r.evse == evse and r.energy_wh is not None and span[0] <= r.at <= span[1]
    ]
    if len(values) > 1 and max(values) - min(values) >= 50:
        return True
    return any(
        o.evse == evse and (o.energy_wh or 0.0) >= 50
        and overlap_s(span, (o.started_at, o.stopped_at or o.started_at)) > 0
        for o in case.story.transactions
    )


def _mirrored(case: Case) -> Transaction | None:
    """Another session at the station that began on a plug other than asked."""
    for asked in case.asked:
        other = asked.transaction
        if other is None or case.transaction is None or other.id == case.transaction.id or asked.command is None:
            continue
        if asked.command.evse not in (None, 0, other.evse):
            return other
    return None
