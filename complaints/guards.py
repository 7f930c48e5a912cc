"""What may be done to the station from the case now, and which guards forbid it (contract/codes.md).

Pure, and for the assessment. csms enforces G2 to G7 itself when a command is sent; G1 needs the words of
the claim and is ours.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from complaints.findings import RemoteAction, Words
from complaints.rules.case import AROUND, Case
from csms.vocabulary import CommandFact, Fault, Story, Transaction, is_dangerous

_DANGEROUS_STOPS = frozenset({"GroundFault", "EmergencyStop", "OvercurrentFault"})
_CHARGING = frozenset({"Charging", "SuspendedEV", "SuspendedEVSE"})
_QUEUE = timedelta(minutes=10)
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_STALE = timedelta(hours=24)

WHY = {
    "G1": Words("There may be danger: somebody has to look on site first.", "可能存在安全隐患，须先由人员到场排查。"),
    "G2": Words("Someone is charging at this station right now.", "该充电桩当前还有其他车辆在充电。"),
    "G3": Words("The station may hold records that a restart would lose.", "充电桩可能还有未上传的记录，重启会丢失。"),
    "G4": Words("A firmware update is running on the station.", "充电桩正在升级固件。"),
    "G5": Words("The session at this plug has not ended yet.", "该枪的充电尚未结束。"),
    "G6": Words("It is not established which station and plug is meant.", "尚未确定是哪一台桩、哪一把枪。"),
    "G7": Words("It has been restarted too often lately.", "近期重启次数已达上限。"),
}
ALLOWED = {
    "reset": Words("Nobody is charging and nothing speaks against a restart.", "当前无人充电，可以重启。"),
    "reset_hard": Words("Nobody is charging and no records are waiting.", "当前无人充电，且没有待上传的记录。"),
    "unlock": Words("The session has ended; ask the driver to hold the plug.", "充电已结束，请用户扶住枪头后解锁。"),
    "stop": Words("Ends this driver's session only.", "只结束该用户本人的充电。"),
    "start": Words("Nothing speaks against a start for this driver.", "可以为该用户远程启动。"),
    "trigger": Words("Asking for a status harms nothing.", "查询状态不影响使用。"),
    "set_inoperative": Words("Takes the plug out of service; a session goes on.", "停用该枪，不影响正在进行的充电。"),
    "set_operative": Words("Puts the plug back into service.", "恢复该枪的使用。"),
    "get_log": Words("Fetching the log may load a weak station.", "读取日志可能增加充电桩负担。"),
}


def remote(case: Case, story: Story, now: datetime) -> tuple[RemoteAction, ...]:
    """Every remote action, from harmless to harmful, allowed or with the guards that forbid it."""
    if not case.plug_known:
        return tuple(_action(name, ("G6",)) for name in _LADDER)
    danger = ("G1",) if dangerous(case, story) else ()
    others = tuple("G2" for _ in other_live(case, story, now)[:1])
    own = live(case.transaction, story, now)
    updating = ("G4",) if story.station.updating(now) else ()
    reset = danger + (others or (("G2",) if own else ())) + _queued(story, now) + updating + _too_often(story, now)
    waiting = ("G3",) if _open_without_stop(story) and "G3" not in reset else ()
    once = ("G7",) if _hard_resets(story, now) and "G7" not in reset else ()
    verdicts = {
        "trigger": (), "get_log": (), "stop": (), "set_inoperative": (),
        "set_operative": danger,
        "unlock": danger + (("G5",) if own or _plug_busy(case, story, now) else ()),
        "start": danger + (("G2",) if _plug_busy(case, story, now) else ()),
        "reset": reset,
        "reset_hard": reset + waiting + once,
    }
    return tuple(_action(name, verdicts[name]) for name in _LADDER)


_LADDER = ("trigger", "get_log", "stop", "unlock", "set_inoperative", "set_operative", "start", "reset", "reset_hard")


def dangerous(case: Case, story: Story) -> bool:
    """G1: words of danger, or a dangerous fault open now or seen around, or a session that such a thing ended."""
    if case.claim.danger:
        return True
    t = case.transaction
    if t is not None and t.stop_reason in _DANGEROUS_STOPS and (t.stopped_at or case.now) >= story.since:
        return True
    open_now = [f for f in story.faults if f.cleared_at is None]
    return any(is_dangerous(f) for f in (*open_now, *_seen(case)))


def other_live(case: Case, story: Story, now: datetime) -> list[Transaction | str]:
    """G2: other transactions running on the station, or plugs that say they charge without one on record."""
    own = case.transaction
    running: list[Transaction | str] = [
        t for t in story.transactions if live(t, story, now) and (own is None or t.id != own.id)
    ]
    known = {t.evse for t in story.transactions if live(t, story, now)}
    return running + [f"EVSE {evse}" for evse in _charging_plugs(story) if evse not in known]


def live(t: Transaction | None, story: Story, now: datetime) -> bool:
    """Open, and not given the lie by the plug (free again, used by the next) or by a day of silence."""
    if t is None or t.state != "open":
        return False
    heard = max([t.start_received_at, *(r.received_at for r in story.readings if r.transaction == t.id)])
    if now - heard > _STALE:
        return False
    free = [
        s for s in story.statuses
        if s.source == "connector" and s.evse == t.evse and s.at > t.started_at and s.status == "Available"
    ]
    later = [r for r in story.readings if free and r.transaction == t.id and r.at > free[-1].at]
    return not free or bool(later)


def _seen(case: Case) -> Iterable[Fault]:
    """Faults around, and whatever was reported since the session until now."""
    start, _ = case.around
    return case.faults_open((start, max(case.around[1], min(case.now, case.stopped_at + AROUND))))


def _charging_plugs(story: Story) -> list[int]:
    """Plugs whose last word is that they charge, without a transaction that ended after it."""
    last = {s.evse: s for s in story.statuses if s.source == "connector" and s.evse > 0}
    found = []
    for evse, status in sorted(last.items()):
        ended = [t.stop_received_at for t in story.transactions if t.evse == evse and t.stop_received_at]
        if status.status in _CHARGING and not any(at >= status.at for at in ended):
            found.append(evse)
    return found


def _plug_busy(case: Case, story: Story, now: datetime) -> bool:
    return any(t.evse == case.evse and live(t, story, now) for t in story.transactions)


def _queued(story: Story, now: datetime) -> tuple[str, ...]:
    """G3: offline now, or within the last ten minutes."""
    drops = [c.disconnected_at for c in story.connections]
    if story.connections and all(d is not None for d in drops):
        return ("G3",)
    return ("G3",) if any(d is not None and now - d <= _QUEUE for d in drops) else ()


def _open_without_stop(story: Story) -> bool:
    return any(t.state == "open" for t in story.transactions)


def _too_often(story: Story, now: datetime) -> tuple[str, ...]:
    """G7: two resets a station and hour."""
    return ("G7",) if len(_resets(story, now - _HOUR)) >= 2 else ()


def _hard_resets(story: Story, now: datetime) -> bool:
    return any(c.hard for c in _resets(story, now - _DAY))


def _resets(story: Story, since: datetime) -> list[CommandFact]:
    sent = ("accepted", "sent", "unanswered")
    return [c for c in story.commands if c.kind == "reset" and c.state in sent and c.requested_at >= since]


def _action(name: str, guards: tuple[str, ...]) -> RemoteAction:
    if not guards:
        return RemoteAction(name, allowed=True, why=ALLOWED[name])
    why = [WHY[g] for g in guards]
    return RemoteAction(
        name, allowed=False, guards=guards,
        why=Words(" ".join(w.en for w in why), "".join(w.zh for w in why)),
    )


def allowed(actions: Iterable[RemoteAction], name: str) -> bool:
    return any(a.action == name and a.allowed for a in actions)
