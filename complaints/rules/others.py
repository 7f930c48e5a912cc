"""How others fared on the same connector within a day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from statistics import median

from complaints.findings import Ref
from complaints.matching import Try
from complaints.matching.tries import same_token
from complaints.rules.case import DAY, Case
from complaints.rules.endings import FAULT_REASONS
from complaints.rules.power import OFFERED_SHARE, offered_w
from complaints.rules.register import Held, rule, stance
from complaints.rules.starts import never_plugged, refs_of
from complaints.rules.topics import CUT_SHORT, DOWN, NOT_STARTED, SLOW
from complaints.rules.words import start_refs, stop_refs
from csms.vocabulary import Fault, Transaction

_BROKEN = frozenset({"Reboot", "PowerLoss", "EmergencyStop"})
_FINE_WH = 500.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one session or try on the connector went: the ways in which it failed, none if it was fine."""

    at: datetime
    token: str | None
    failures: frozenset[str]
    fine: bool
    refs: tuple[Ref, ...]


@rule("others.same_failure", grade="C")
def same_failure(case: Case) -> Held | None:
    """Two or more sessions or tries of others failed alike on that connector within 24 h. Contract;
    evidence-rules 39: what fails for several cars is not the car."""
    own = own_failures(case)
    alike = [o for o in others(case) if o.failures & own]
    if len(alike) < 2:
        return None
    return Held(
        stance(case, supports=NOT_STARTED | CUT_SHORT | SLOW | DOWN | {"connector_stuck", "cannot_insert"}),
        f"{len(alike)} other sessions or tries of other drivers failed in the same way on this plug within a day.",
        f"24 小时内，同一把枪上另有 {len(alike)} 次他人的充电或启动以同样方式失败。",
        tuple(r for o in alike for r in o.refs), 0.9,
    )


@rule("others.fine", grade="D")
def fine(case: Case) -> Held | None:
    """Two or more other sessions within 24 h were fine on that connector. Contract. It says nothing against
    this driver (61 % of failed sessions that are tried again succeed, desk-lessons 6.1)."""
    good = [o for o in others(case) if o.fine]
    if len(good) < 2:
        return None
    return Held(
        "inconclusive",
        f"{len(good)} other sessions on this plug went well within a day.",
        f"24 小时内，同一把枪上另有 {len(good)} 次充电正常。",
        tuple(r for o in good for r in o.refs), 0.8,
    )


def own_failures(case: Case) -> frozenset[str]:
    """In which ways the driver's own session or tries failed."""
    if case.transaction is not None:
        found = _failures(case.transaction, case)
        if case.claim.topic in SLOW and _slow(case.transaction, case):
            found |= {"slow"}
        return found
    return frozenset().union(*(_try_failure(t, case) for t in case.tries))


def others(case: Case) -> list[Outcome]:
    """Sessions and tries of other tokens on the same EVSE, within 24 h of this one."""
    if case.evse is None or not case.plug_known:
        return []
    at = case.transaction.started_at if case.transaction else case.stated_at
    found = [_of_session(t, case) for t in case.on_evse if case.transaction is None or t.id != case.transaction.id]
    found += [_of_try(t, case) for t in case.station_tries if t.evse == case.evse and t.outcome != "pending"]
    strangers = [o for o in found if not _his(o.token, case)]
    return sorted((o for o in strangers if abs(o.at - at) <= DAY), key=lambda o: (o.at, o.refs[0].id if o.refs else ""))


def _of_session(t: Transaction, case: Case) -> Outcome:
    failures = _failures(t, case)
    if case.claim.topic in SLOW and _slow(t, case):
        failures |= {"slow"}
    good = not failures and t.stop_received_at is not None and (t.energy_wh or 0.0) >= _FINE_WH
    return Outcome(t.started_at, t.token, failures, good, stop_refs(t) if t.stop_frame else start_refs(t))


def _of_try(one: Try, case: Case) -> Outcome:
    return Outcome(one.at, one.token, _try_failure(one, case), False, refs_of(one))


def _failures(t: Transaction, case: Case) -> frozenset[str]:
    found: set[str] = set()
    faults = _at_stop(t, case)
    found.update(f"fault:{f.kind}" for f in faults)
    if t.stop_reason == "GroundFault":
        found.add("fault:ground")
    if t.stop_reason == "OvercurrentFault":
        found.add("fault:overcurrent")
    if faults or t.stop_reason in FAULT_REASONS or t.stop_trigger == "AbnormalCondition":
        found.add("fault")
    if t.stop_reason in _BROKEN:
        found.add(f"stop:{t.stop_reason}")
    unplugged = t.stop_reason == "Timeout" or t.stop_trigger == "EVConnectTimeout"
    if t.stop_received_at is not None and not unplugged and t.energy_wh is not None and t.energy_wh < 50:
        found.add("no_energy")
    return frozenset(found)


def _try_failure(one: Try, case: Case) -> frozenset[str]:
    """A start that a driver merely never plugged in for is no failure of the plug, a refused card neither."""
    if one.outcome in ("token_refused", "pending"):
        return frozenset()
    if one.outcome == "no_transaction" and never_plugged(case, one.at, one.evse):
        return frozenset()
    return frozenset({"no_start"})


def _at_stop(t: Transaction, case: Case) -> list[Fault]:
    if t.stopped_at is None or t.stop_received_at is None:
        return []
    own = [f for f in case.story.faults if f.evse in (0, t.evse) and not f.warning]
    return [f for f in own if -60 <= (f.opened_at - t.stopped_at).total_seconds() <= 5]


def _slow(t: Transaction, case: Case) -> bool:
    """The station offered clearly less than rated; that a car drew little says nothing of the plug."""
    own = [r for r in case.story.readings if r.transaction == t.id]
    offered = [w for r in own if (w := offered_w(r, case)) is not None]
    return bool(offered) and case.rated_power_w is not None and median(offered) < OFFERED_SHARE * case.rated_power_w


def _his(token: str | None, case: Case) -> bool:
    own = case.transaction.token if case.transaction else None
    return case.is_his(token) or same_token(token, own)
