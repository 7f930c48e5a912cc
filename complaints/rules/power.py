"""Why it was slow: the car, the station, or a limit of ours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

from complaints.findings import Ref
from complaints.rules.case import Case
from complaints.rules.register import Held, rule, stance
from complaints.rules.topics import SLOW
from complaints.rules.words import command_refs, fault_refs, kw, reading_ref
from csms.vocabulary import CommandFact, Limit, MeterReading

DRAWN_SHARE, OFFERED_SHARE = 0.8, 0.9


@dataclass(frozen=True, slots=True)
class Sample:
    """What was offered and what was drawn at one moment, in watts, and the drawn share of the offer."""

    reading: MeterReading
    offered_w: float | None
    drawn_w: float | None

    @property
    def share(self) -> float | None:
        if self.offered_w and self.drawn_w is not None:
            return self.drawn_w / self.offered_w
        r = self.reading
        return r.current_a / r.offered_a if r.offered_a and r.current_a is not None else None


def samples(case: Case) -> list[Sample]:
    """Readings that show power, the first half minute (ramp) and the end value left out."""
    t = case.transaction
    if t is None:
        return []
    found = [Sample(r, offered_w(r, case), _drawn_w(r, case)) for r in case.readings]
    shown = [s for s in found if s.offered_w is not None or s.drawn_w is not None]
    settled = [s for s in shown if s.reading.at >= t.started_at + timedelta(seconds=20)]
    return [s for s in settled if s.reading.context != "Transaction.End"]


@rule("power.limited_by_vehicle", grade="C")
def by_vehicle(case: Case) -> Held | None:
    """The vehicle drew clearly less than offered (under 80 %) most of the time, or a state of charge above
    80 % explains the taper. Contract; evidence-rules 9. Without offered power and SoC nothing is said."""
    drawn = [s for s in samples(case) if s.share is not None]
    if drawn and median(s.share or 0.0 for s in drawn) < DRAWN_SHARE:
        took, offered = _typical(drawn)
        en = f"The station offered {offered} and the car took about {took}: the car set the pace."
        zh = f"充电桩可提供 {offered}，车辆实际只取用约 {took}，充电速度由车辆决定。"
        refs = tuple(reading_ref(s.reading) for s in (drawn[0], drawn[-1]))
    elif (taper := _taper(case)) is not None:
        high, low = taper
        en = (f"From {high.reading.soc_percent:.0f} % to {low.reading.soc_percent:.0f} % charge the power fell from "
              f"{kw(high.drawn_w or 0.0)} to {kw(low.drawn_w or 0.0)}; cars do this to protect a nearly full battery.")
        zh = (f"电量从 {high.reading.soc_percent:.0f}% 到 {low.reading.soc_percent:.0f}% 时功率由 "
              f"{kw(high.drawn_w or 0.0)} 降到 {kw(low.drawn_w or 0.0)}，这是车辆接近充满时的正常降速。")
        refs = (reading_ref(high.reading), reading_ref(low.reading))
    else:
        return None
    others = _below_rated(case) or in_force(case)
    return Held(stance(case, contradicts=() if others else SLOW), en, zh, refs, 0.85)


@rule("power.limited_by_station", grade="C")
def by_station(case: Case) -> Held | None:
    """Offered below rated (under 90 %) without a profile of ours for a fifth of the readings or more:
    derating, temperature, fault. Contract; evidence-rules 9. It supports a complaint of slowness only
    where the car took what was offered."""
    low = _below_rated(case)
    if not low or in_force(case):
        return None
    heat = [f for f in case.faults_during if f.kind in ("temperature", "internal", "voltage", "overcurrent")]
    offered = median(s.offered_w or 0.0 for s in low)
    best = case.rated_power_w or max(s.offered_w or 0.0 for s in samples(case))
    binding = [s for s in low if s.drawn_w is None or s.drawn_w >= DRAWN_SHARE * (s.offered_w or 0.0)]
    because_en = " because it was too hot" if any(f.kind == "temperature" for f in heat) else ""
    because_zh = "（温度过高降额）" if because_en else ""
    return Held(
        stance(case, supports=SLOW if 2 * len(binding) >= len(low) else ()),
        f"The station offered only {kw(offered)} of its {kw(best)}{because_en}; no limit of ours was set.",
        f"充电桩额定 {kw(best)}，实际只提供了 {kw(offered)}{because_zh}，期间平台没有下发限功率。",
        (*(reading_ref(s.reading) for s in (low[0], low[-1])), *fault_refs(heat)), 0.9,
    )


@rule("power.limited_by_profile", grade="B")
def by_profile(case: Case) -> Held | None:
    """A charging profile or limit of ours was in force. Contract; evidence-rules 9, 30. By the profiles as
    the station took them, else by what was sent within the time gathered; a station may accept a profile and
    ignore it (station-quirks 34)."""
    limits = in_force(case)
    if not limits:
        return None
    limit, refs = limits[0]
    size = kw(limit) if limit is not None else "a lower power"
    return Held(
        stance(case, supports=SLOW),
        f"During the session our own power limit of {size} was in force at this plug.",
        f"充电期间，平台对该枪下发了 {kw(limit) if limit is not None else '较低功率'} 的功率限制。",
        refs, 0.9,
    )


InForce = tuple[float | None, tuple[Ref, ...]]
"""Watts (None where they are not known) and what proves it."""


def in_force(case: Case) -> list[InForce]:
    """Our limits below rated that touch the session, lowest first: as the records of profiles have them, else as
    the commands of the time gathered tell."""
    if case.transaction is None:
        return []
    known = [one for limit in case.story.limits if (one := _limiting(limit, case)) is not None]
    return sorted(known, key=_lowest) if known else _commanded(case)


def _limiting(limit: Limit, case: Case) -> InForce | None:
    t = case.transaction
    start, end = (t.started_at, case.stopped_at) if t else case.during
    if t is None or not limit.ours or limit.evse not in (0, t.evse):
        return None
    if limit.since >= end or (limit.until is not None and limit.until <= start):
        return None
    watts = limit.limit_w
    if watts is None and limit.limit_a is not None:
        by_phases = limit.phases is not None and not _direct_current(case)
        watts = (
            limit.limit_a * 230 * (limit.phases or 1) if by_phases else _watts(limit.limit_a, case, _voltage(case))
        )
    if watts is not None and case.rated_power_w is not None and watts >= 0.95 * case.rated_power_w:
        return None
    return watts, (Ref("frame", limit.frame, limit.since),)


def _lowest(limit: InForce) -> tuple[bool, float, str]:
    watts, refs = limit
    return watts is None, watts or 0.0, refs[0].id if refs else ""


def _commanded(case: Case) -> list[InForce]:
    """Limits we sent that a station accepted."""
    start, end = case.during
    found = []
    for command in case.story.commands:
        limit = _profile(command)
        if limit is None or command.requested_at > end or not _accepted(command) or not _for_plug(command, case):
            continue
        if _cleared(command, case, start) or _expired(limit, start, end):
            continue
        watts = _limit_w(limit, case)
        if watts is None or case.rated_power_w is None or watts < 0.95 * case.rated_power_w:
            found.append((watts, command_refs(command)))
    return sorted(found, key=_lowest)


def _typical(drawn: list[Sample]) -> tuple[str, str]:
    """(taken, offered) in the middle of the session, in kW, or in A where watts are not known."""
    if all(s.offered_w and s.drawn_w is not None for s in drawn):
        return kw(median(s.drawn_w or 0.0 for s in drawn)), kw(median(s.offered_w or 0.0 for s in drawn))
    taken = median(s.reading.current_a or 0.0 for s in drawn)
    return f"{taken:.0f} A", f"{median(s.reading.offered_a or 0.0 for s in drawn):.0f} A"


def _below_rated(case: Case) -> list[Sample]:
    """Samples offered clearly less than rated, if they are a fifth of all or more."""
    offered = [s for s in samples(case) if s.offered_w is not None]
    if not offered:
        return []
    best = case.rated_power_w or max(s.offered_w or 0.0 for s in offered)
    low = [s for s in offered if (s.offered_w or 0.0) < OFFERED_SHARE * best]
    return low if len(low) >= 0.2 * len(offered) else []


def _taper(case: Case) -> tuple[Sample, Sample] | None:
    """The strongest draw and the last one, where the SoC passed 80 % for at least half of the readings
    and the power fell by a fifth."""
    known = [s for s in samples(case) if s.drawn_w is not None and s.reading.soc_percent is not None]
    above = [s for s in known if (s.reading.soc_percent or 0.0) > 80]
    if len(known) < 3 or 2 * len(above) < len(known):
        return None
    high, low = max(known, key=lambda s: s.drawn_w or 0.0), above[-1]
    return (high, low) if (low.drawn_w or 0.0) < 0.8 * (high.drawn_w or 0.0) else None


def _drawn_w(reading: MeterReading, case: Case) -> float | None:
    """The power read, else what the register rose by since the reading before."""
    if reading.power_w is not None or reading.energy_wh is None:
        return reading.power_w
    before = [r for r in case.registers if r.at < reading.at]
    if not before or before[-1].energy_wh is None:
        return None
    hours = (reading.at - before[-1].at).total_seconds() / 3600
    return max(reading.energy_wh - before[-1].energy_wh, 0.0) / hours


def offered_w(reading: MeterReading, case: Case) -> float | None:
    """`Power.Offered`, else the offered current times the voltage (or the usual voltage of an AC plug)."""
    power = next((v for k, v in reading.other.items() if k.split("@")[0] == "Power.Offered"), None)
    if isinstance(power, int | float):
        return float(power)
    return None if reading.offered_a is None else _watts(reading.offered_a, case, reading.voltage_v)


def _watts(ampere: float, case: Case, voltage: float | None) -> float | None:
    if _direct_current(case):
        return ampere * voltage if voltage else None
    phases = 3 if (case.rated_power_w or 0.0) > 7700 else 1
    return ampere * 230 * phases


def _direct_current(case: Case) -> bool:
    kind = ((case.connector.type if case.connector else None) or "").upper()
    if any(word in kind for word in ("DC", "CCS", "CHADEMO")):
        return True
    return not kind and (case.rated_power_w or 0.0) > 22_100


def _profile(command: CommandFact) -> Mapping[str, Any] | None:
    payload = command.payload
    return payload.get("csChargingProfiles") or payload.get("chargingProfile")


def _schedules(profile: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    schedule = profile.get("chargingSchedule") or []
    return [schedule] if isinstance(schedule, Mapping) else list(schedule)


def _accepted(command: CommandFact) -> bool:
    return command.state == "accepted"


def _for_plug(command: CommandFact, case: Case) -> bool:
    t = case.transaction
    if command.kind == "start":
        return case.start_command is not None and case.start_command.id == command.id
    evse = command.payload.get("connectorId", command.payload.get("evseId", command.evse))
    return t is not None and evse in (None, 0, t.evse)


def _cleared(command: CommandFact, case: Case, start: datetime) -> bool:
    """Cleared again before the session began."""
    return any(
        c.action == "ClearChargingProfile" and c.state == "accepted" and command.requested_at < c.requested_at < start
        for c in case.story.commands
    )


def _expired(profile: Mapping[str, Any], start: datetime, end: datetime) -> bool:
    valid_to, valid_from = _time(profile.get("validTo")), _time(profile.get("validFrom"))
    return (valid_to is not None and valid_to < start) or (valid_from is not None and valid_from > end)


def _time(text: Any) -> datetime | None:
    try:
        at = datetime.fromisoformat(str(text)) if text else None
    except ValueError:
        return None
    return at.replace(tzinfo=UTC) if at and at.tzinfo is None else at


def _limit_w(profile: Mapping[str, Any], case: Case) -> float | None:
    """The lowest limit of its schedules in watts; None where amperes cannot be turned into watts."""
    found = []
    for schedule in _schedules(profile):
        for period in schedule.get("chargingSchedulePeriod", []):
            limit = float(period.get("limit", 0.0))
            watts = limit if schedule.get("chargingRateUnit") == "W" else _watts(limit, case, _voltage(case))
            if watts is not None:
                found.append(watts)
    return min(found, default=None)


def _voltage(case: Case) -> float | None:
    return next((r.voltage_v for r in case.readings if r.voltage_v), None)
