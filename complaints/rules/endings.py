"""Who and what was there as a transaction ended: requests, commands, faults, restarts, drops of the site."""

from __future__ import annotations

from datetime import datetime, timedelta

from complaints.findings import Ref
from complaints.matching.tries import same_token
from complaints.rules.case import MARGIN, Case
from complaints.rules.origin import by_customer as asked_by_customer, by_us as asked_by_us
from complaints.rules.phases import Phase
from complaints.rules.requests import ignored_request
from complaints.rules.words import command_refs, stop_refs
from csms.vocabulary import Authorization, Boot, CommandFact, Connection, Fault, Transaction

FAULT_REASONS = frozenset({"GroundFault", "OvercurrentFault", "PowerQuality"})
RESET_REASONS = frozenset({"HardReset", "SoftReset", "ImmediateReset"})
LIMIT_REASONS = frozenset({"EnergyLimitReached", "TimeLimitReached", "LocalOutOfCredit", "CostLimitReached"})
VEHICLE_REASONS = frozenset({"StoppedByEV", "SOCLimitReached", "SoCLimitReached", "ReqEnergyTransferRejected"})
NOBODYS = FAULT_REASONS | {"EmergencyStop", "PowerLoss", "Reboot", "DeAuthorized"} | RESET_REASONS
SHORT = timedelta(minutes=3)
_WAITING = frozenset({"Finishing", "EVConnected", "Idle"})
_NEVER_CAME = frozenset({"queued", "offline", "expired", "unsupported"})


def ended(case: Case) -> Transaction | None:
    """The matched transaction if its stop came."""
    t = case.transaction
    return t if t is not None and t.stopped_at is not None and t.stop_received_at is not None else None


def reason(t: Transaction) -> str:
    return t.stop_reason or ""


def before_stop(case: Case, at: datetime, within: timedelta = MARGIN, after: timedelta = timedelta(seconds=5)) -> bool:
    return case.stopped_at - within <= at <= case.stopped_at + after


def own_request(case: Case) -> tuple[Ref, ...]:
    """The customer's card or request to stop, on record: his token in the stop or in the event of 2.x that told of
    it, his card shown just before it, or a stop or unlock on his behalf."""
    t = ended(case)
    if t is None:
        return ()
    refs: list[Ref] = []
    if t.stop_token is not None and (same_token(t.stop_token, t.token) or case.is_his(t.stop_token)):
        refs += stop_refs(t)
    refs += [Ref("frame", a.frame, a.at) for a in _cards(case, t) if before_stop(case, a.at, 2 * MARGIN)]
    refs += stop_authorized(case)
    for command in (*case.stop_commands, *_unlocks(case, t)):
        if asked_by_customer(command) and _before_end(case, command.requested_at, SHORT):
            refs += command_refs(command)
    return tuple(refs)


def stop_authorized(case: Case) -> list[Ref]:
    """Events of 2.x in which his card ended the charge; the transaction may last until the cable is out."""
    t = case.transaction
    if ignored_request(case) is not None:
        return []  # it was asked to, and charged on
    return [
        Ref("frame", s.frame, s.at) for s in case.steps
        if s.trigger == "StopAuthorized" and t and (same_token(s.token, t.token) or case.is_his(s.token))
    ]


def faults_at_stop(case: Case) -> tuple[Fault, ...]:
    """Faults of the plug or the station opened within 60 s before the stop. What was only a warning
    (1.6 section 4.9) ends nothing, unless neither the station nor the driver gives another reason."""
    t = ended(case)
    if t is None:
        return ()
    return tuple(f for f in case.faults if before_stop(case, f.opened_at) and (not f.warning or _unexplained(case, t)))


def staff_commands(case: Case) -> tuple[CommandFact, ...]:
    """Commands of ours that a stop followed: a stop naming it, a reset, an unlock of its plug. What was refused or
    never came to the station ended nothing."""
    t = ended(case)
    if t is None:
        return ()
    ours = [c for c in case.stop_commands if asked_by_us(c) and not for_credit(c)]
    found = [c for c in ours if _reached(c) and _before_end(case, c.requested_at, SHORT)]
    if reason(t) == "Local" and own_request(case):
        return tuple(found)  # a soft reset may wait for the driver to end it himself
    found += [
        c for c in case.commands("reset")
        if _reached(c) and (c.evse in (None, 0, t.evse)) and before_stop(case, c.requested_at, SHORT)
    ]
    found += [c for c in _unlocks(case, t) if not asked_by_customer(c) and before_stop(case, c.requested_at)]
    return tuple(found)


def suspended_to_the_end(case: Case) -> Phase | None:
    """The last thing the plug did before it only waited to be unplugged, where that was SuspendedEV."""
    last = _last_doing(case)
    return last if last is not None and last.status == "SuspendedEV" and last.seconds >= 20 else None


def charge_over(case: Case) -> datetime:
    """When the charge was over: the stop, or when the plug began only to wait to be unplugged."""
    last = _last_doing(case)
    return min(last.end, case.stopped_at) if last is not None else case.stopped_at


def for_credit(command: CommandFact) -> bool:
    text = f"{command.requested_by} {command.reason or ''}".lower()
    return any(word in text for word in ("billing", "credit", "balance", "limit", "余额", "限额"))


def dropped_together(case: Case) -> list[Connection]:
    """Our connection and those of other stations of the site, lost within a minute of each other while
    the transaction ran; at least two stations."""
    start, end = case.during
    for own in case.story.connections:
        at = own.disconnected_at
        if at is None or not start <= at <= end + MARGIN:
            continue
        near = [c for c in case.story.neighbours if c.disconnected_at and abs(c.disconnected_at - at) <= MARGIN]
        others = {c.station: c for c in near}
        if others:
            return [own, *(others[s] for s in sorted(others))]
    return []


def ended_by(case: Case, drops: list[Connection]) -> bool:
    at = drops[0].disconnected_at
    assert at is not None
    return ended(case) is None or abs(case.stopped_at - at) <= 2 * MARGIN


def own_boots(case: Case) -> list[Boot]:
    """Boots during that no reset of ours explains."""
    resets = [c for c in case.commands("reset") if _reached(c)]
    return [
        b for b in case.boots_during
        if b.reason not in ("RemoteReset", "ScheduledReset")
        and not any(timedelta(0) <= b.at - c.requested_at <= timedelta(minutes=10) for c in resets)
    ]


def _last_doing(case: Case) -> Phase | None:
    """What the plug did before it only waited to be unplugged."""
    doing = [phase for phase in case.phases if phase.status not in _WAITING]
    return doing[-1] if doing else None


def _before_end(case: Case, at: datetime, within: timedelta) -> bool:
    """Just before the stop, or before the charge was over: in 2.x a stopped transaction may last until the cable is
    out (TxStopPoint)."""
    over = charge_over(case)
    return before_stop(case, at, within) or over - within <= at <= over


def _unexplained(case: Case, t: Transaction) -> bool:
    silent = reason(t) == "" and t.stop_trigger in (None, "AbnormalCondition")
    return reason(t) == "Other" or (silent and not own_request(case))


def _cards(case: Case, t: Transaction) -> list[Authorization]:
    shown = [a for a in case.story.authorizations if same_token(a.token, t.token) or case.is_his(a.token)]
    return [a for a in shown if a.at > t.started_at + timedelta(seconds=15)]


def _unlocks(case: Case, t: Transaction) -> list[CommandFact]:
    """Unlocks of its plug that came to the station: one that fails ends the charge all the same (1.6 section 5.18)."""
    return [c for c in case.commands("unlock") if c.evse == t.evse and c.state not in _NEVER_CAME]


def _reached(command: CommandFact) -> bool:
    """It was sent, and not refused: a station may go down before it answers a reset."""
    return command.state in ("accepted", "sent", "unanswered")
