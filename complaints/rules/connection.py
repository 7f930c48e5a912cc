"""The station's connection, its restarts, and unlocking from afar."""

from __future__ import annotations

from complaints.findings import Ref
from complaints.rules.case import Case
from complaints.rules.register import Held, rule, stance
from complaints.rules.topics import CUT_SHORT, DOWN, NOT_STARTED
from complaints.rules.words import clock, command_refs
from csms.vocabulary import CommandFact

_FAILED = frozenset({"UnlockFailed"})


@rule("connection.lost_during", grade="B")
def lost_during(case: Case) -> Held | None:
    """The station's connection dropped during the session. Contract; evidence-rules 33: it charges on
    without us, so this alone explains nothing."""
    start, end = case.during
    if case.transaction is None:
        return None
    drops = [c for c in case.story.connections if c.disconnected_at and start <= c.disconnected_at <= end]
    replaced = [c for c in drops if c.disconnected_at and case.offline_at(c.disconnected_at)]
    if not replaced:
        return None
    one = replaced[0]
    at = one.disconnected_at
    assert at is not None
    return Held(
        stance(case, supports=DOWN),
        f"The station lost its connection to us at {clock(case, at)}, during the session.",
        f"充电期间，{clock(case, at)} 充电桩与平台的连接中断。",
        tuple(Ref("connection", c.id, c.disconnected_at) for c in replaced), 0.95,
    )


@rule("connection.offline_then", grade="B")
def offline_then(case: Case) -> Held | None:
    """Not connected at the stated time. Contract. It says nothing of the power the plug may have given;
    a session that came in later from its queue shows that it worked."""
    at = case.stated_at
    if not case.plug_known or not case.time_known or not case.offline_at(at) or not case.story.since <= at:
        return None
    before = [c for c in case.story.connections if c.disconnected_at and c.disconnected_at <= at]
    after = [c for c in case.story.connections if c.connected_at > at]
    refs = [Ref("connection", c.id, c.disconnected_at) for c in before[-1:]]
    refs += [Ref("connection", c.id, c.connected_at) for c in after[:1]]
    if not refs:
        return None
    return Held(
        "inconclusive" if case.transaction else stance(case, supports=NOT_STARTED | DOWN),
        f"At {clock(case, at)} the station had no connection to us.",
        f"{clock(case, at)} 充电桩处于离线状态。", tuple(refs), 0.95,
    )


@rule("station.rebooted_during", grade="B")
def rebooted_during(case: Case) -> Held | None:
    """A boot was seen during the session. Contract."""
    boots = case.boots_during
    if not boots:
        return None
    return Held(
        stance(case, supports=CUT_SHORT),
        f"The station restarted at {clock(case, boots[0].at)}, during the session.",
        f"充电期间，充电桩于 {clock(case, boots[0].at)} 重启。",
        tuple(Ref("frame", b.frame, b.at) for b in boots), 0.93,
    )


@rule("connector.unlock_failed", grade="B")
def unlock_failed(case: Case) -> Held | None:
    """An unlock around that failed. Contract; evidence-rules 7. NotSupported on a fixed cable is no failure
    (G5)."""
    failed = [c for c in _unlocks(case) if str((c.answer or {}).get("status")) in _FAILED]
    if not failed:
        return None
    return Held(
        stance(case, supports=("connector_stuck", "cannot_stop", "idle_fee")),
        f"Our unlock of {clock(case, failed[0].requested_at)} failed: the plug stayed locked.",
        f"{clock(case, failed[0].requested_at)} 远程解锁失败，枪未能解开。",
        tuple(r for c in failed for r in command_refs(c)), 0.97,
    )


@rule("connector.unlocked", grade="B")
def unlocked(case: Case) -> Held | None:
    """An unlock around that worked. Contract: a later success does not refute that it was stuck."""
    done = [c for c in _unlocks(case) if str((c.answer or {}).get("status")) == "Unlocked"]
    if not done:
        return None
    return Held(
        "inconclusive",
        f"The plug was unlocked from afar at {clock(case, done[-1].requested_at)}.",
        f"{clock(case, done[-1].requested_at)} 远程解锁成功。",
        tuple(r for c in done for r in command_refs(c)), 0.95,
    )


def _unlocks(case: Case) -> list[CommandFact]:
    if not case.plug_known:
        return []
    return [c for c in case.commands("unlock", case.around) if c.evse in (None, case.evse)]
