"""Commands: asked for, sent once, answered or not, and whether they were seen to work.

The row is the truth, the reply a courtesy. Accepted is not fixed: an accepted command stays
`pending` until the station shows the effect, or does not in time.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from csms.errors import NotFound
from csms.kit.db import Conn, Row
from csms.vocabulary import (
    Command,
    CommandFact,
    CommandState,
    FetchLog,
    OtherCommand,
    ReadVariables,
    Reset,
    SetAvailability,
    Start,
    Stop,
    Transaction,
    Trigger,
    Unlock,
)
from csms.vocabulary.heard import Notes

# How a command may go on from each state. A late answer still settles what timed out.
TRANSITIONS: Mapping[str, frozenset[str]] = {
    "queued": frozenset({"sent", "offline", "expired"}),
    "sent": frozenset({"accepted", "rejected", "unanswered", "unsupported"}),
    "unanswered": frozenset({"accepted", "rejected", "unsupported"}),
    "accepted": frozenset(),
    "rejected": frozenset(),
    "offline": frozenset(),
    "unsupported": frozenset(),
    "expired": frozenset(),
}
SETTLED = frozenset(TRANSITIONS) - {"queued", "sent"}

KINDS: Mapping[type[Any], str] = {
    Reset: "reset", Unlock: "unlock", Start: "start", Stop: "stop", Trigger: "trigger",
    SetAvailability: "set_availability", FetchLog: "fetch_log", ReadVariables: "read_variables",
    OtherCommand: "other",
}

EFFECT_WITHIN: Mapping[str, timedelta] = {
    "reset": timedelta(minutes=5),
    "unlock": timedelta(minutes=1),
    "start": timedelta(minutes=3),
    "stop": timedelta(minutes=1),
    "trigger": timedelta(seconds=30),
    "set_availability": timedelta(minutes=1),
    "fetch_log": timedelta(minutes=15),
}
"""How long the effect of an accepted command may take to show. Kinds not listed have none to wait for."""

RESETS_AN_HOUR, HARD_RESETS_A_DAY = 2, 1
QUEUE_AFTER_OFFLINE = timedelta(minutes=10)
FIRMWARE_BUSY = frozenset({"Downloading", "Downloaded", "Installing", "DownloadScheduled", "InstallScheduled",
                           "InstallRebooting", "SignatureVerified"})
IN_USE = frozenset({"Charging", "SuspendedEV", "SuspendedEVSE", "Finishing"})
HEALTHY = frozenset({"Available", "Preparing", "Occupied", "Reserved", "Charging", "SuspendedEV", "SuspendedEVSE",
                     "Finishing"})
"""What a connector may report after a reset to count as back; Faulted and Unavailable do not."""

SUBMIT = """
    insert into commands (id, station, action, kind, payload, body, state, requested_by, reason, complaint, override,
        guards, requested_at, queue_until, evse, connector, token, said)
    values ($1, $2, $3, $4, $5, $6, 'queued', $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
"""

# Asked twice, sent once: only one claim finds the row still queued, and only on the station's present session.
CLAIM = """
    update commands set state = 'sent', sent_at = $2, message_id = $3, seq = $4, session = $5
    where id = $1 and state = 'queued' returning id
"""

SETTLE = """
    update commands set state = $2, answer = coalesce($3, answer), settled_at = $4,
        answer_seq = coalesce($5, answer_seq), effect = $6, effect_deadline = $7, effect_at = $8
    where id = $1 and state = any($9::text[]) returning id, station
"""

BY_MESSAGE = """
    select id, kind, action, evse, state from commands where station = $1 and message_id = $2
    order by sent_at desc limit 1
"""

PENDING = """
    select id, station, kind, body, state, effect, seen, sent_at, effect_deadline
    from commands where station = any($1::text[]) and effect = 'pending' order by requested_at
"""

OBSERVE = """
    update commands c set seen = o.seen, effect = o.effect, effect_at = o.at
    from unnest($1::uuid[], $2::jsonb[], $3::text[], $4::timestamptz[]) as o (id, seen, effect, at)
    where c.id = o.id and c.effect = 'pending'
"""

GIVE_UP_EFFECTS = """
    update commands set effect = 'not_observed', effect_at = $1
    where effect = 'pending' and effect_deadline < $1 returning id, station, kind
"""

EXPIRE = """
    update commands set state = case when queue_until is null then 'offline' else 'expired' end, settled_at = $1
    where state = 'queued' and coalesce(queue_until, requested_at + interval '1 minute') < $1 returning id, station
"""

# After a crash nobody waits for these answers any more; a late one still settles the row.
ABANDON = """
    update commands set state = 'unanswered', settled_at = $1
    where state = 'sent' and sent_at < $1::timestamptz - make_interval(secs => $2) returning id, station
"""

QUEUED = """
    select id from commands where station = $1 and state = 'queued' and queue_until >= $2 order by requested_at
"""

BY_ID = "select * from commands where id = $1::uuid"

BETWEEN = """
    select * from commands where station = $1 and requested_at >= $2 and requested_at < $3 order by requested_at, id
"""

LIST = """
    select * from commands
    where ($1::text is null or station = $1) and ($2::timestamptz is null or (requested_at, id) < ($2, $3::uuid))
    order by requested_at desc, id desc limit $4
"""

RESETS = """
    select requested_at, (body ->> 'hard')::boolean as hard from commands
    where station = $1 and kind = 'reset' and requested_at > $2 and state not in ('offline', 'expired', 'rejected')
"""

LAST_OFFLINE = "select max(disconnected_at) from connections where station = $1"

STATION_STATE = "select firmware_status, connected, session, protocol from stations where id = $1"

PLUGS = "select evse, status, status_at from connectors where station = $1 and evse > 0"

IMPORT = """
    insert into commands (id, station, action, kind, payload, body, state, requested_by, reason, complaint, guards,
        requested_at, sent_at, message_id, evse, connector, token, said, seq)
    values ($1, $2, $3, $4, $5, $6, 'sent', $7, null, $8, '{}', $9, $9, $10, $11, $12, $13, $14, $15)
    on conflict do nothing
"""


@dataclass(frozen=True, slots=True)
class Happening:
    """Something a station did that may be the effect of a command."""

    station: str
    what: str
    """disconnected, connected, booted, status, started, ended, said, upload"""
    at: datetime
    evse: int | None = None
    detail: str | None = None
    """The status, the token, the transaction named, the action said."""
    other: str | None = None


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What the guards look at."""

    transactions: Sequence[Transaction] = ()
    plugs: Mapping[int, tuple[str | None, datetime | None]] = field(default_factory=dict)
    last_offline: datetime | None = None
    firmware_status: str | None = None
    resets: Sequence[tuple[datetime, bool]] = ()


# --- rules ------------------------------------------------------------------------------------------


def live(circumstances: Circumstances) -> list[Transaction]:
    """Open transactions whose plug has not been reported free since: a lost stop blocks nothing."""
    def freed(t: Transaction) -> bool:
        status, at = circumstances.plugs.get(t.evse or 0, (None, None))
        return status == "Available" and at is not None and at > t.started_at
    return [t for t in circumstances.transactions if t.state == "open" and not freed(t)]


def guards(command: Command, around: Circumstances, now: datetime) -> list[str]:
    """Which of G2, G3, G4, G5, G7 (contract/codes.md) forbid it now. G1 needs words: the case's to add."""
    running = live(around)
    match command:
        case Reset(hard=hard, evse=evse):
            used = {e for e, (status, _) in around.plugs.items() if status in IN_USE} | {t.evse for t in running}
            found = {
                "G2": bool(used if evse is None else used & {evse}),
                "G3": hard and around.last_offline is not None and now - around.last_offline < QUEUE_AFTER_OFFLINE,
                "G4": around.firmware_status in FIRMWARE_BUSY,
                "G7": _too_many(around.resets, hard, now),
            }
            return [guard for guard, forbids in found.items() if forbids]
        case Unlock(evse=evse):
            return ["G5"] if any(t.evse == evse for t in running) else []
        case _:
            return []


def _too_many(resets: Sequence[tuple[datetime, bool]], hard: bool, now: datetime) -> bool:
    last_hour = [at for at, _ in resets if now - at < timedelta(hours=1)]
    hard_today = [at for at, was_hard in resets if was_hard and now - at < timedelta(days=1)]
    return len(last_hour) >= RESETS_AN_HOUR or (hard and len(hard_today) >= HARD_RESETS_A_DAY)


def awaited_effect(kind: str, state: str, now: datetime) -> tuple[str, datetime | None]:
    """(effect, deadline) once a command is answered."""
    if state == CommandState.ACCEPTED and kind in EFFECT_WITHIN:
        return "pending", now + EFFECT_WITHIN[kind]
    return "not_applicable", None


def advance(kind: str, body: Mapping[str, Any], seen: dict[str, Any], plugs: Sequence[int], it: Happening) -> bool:
    """Note what was seen of a command's effect; True once it is complete."""
    match kind:
        case "reset":
            return _advance_reset(body, seen, plugs, it)
        case "unlock":
            return it.what == "status" and it.evse == body["evse"] and it.detail == "Available"
        case "start":
            return it.what == "started" and (it.detail == body["token"] or body.get("evse") in (None, it.evse))
        case "stop":
            return it.what == "ended" and body["transaction"] in (it.detail, it.other)
        case "trigger":
            return it.what == "said" and it.detail == body["what"]
        case "set_availability":
            wanted = HEALTHY if body["operative"] else {"Unavailable"}
            return it.what == "status" and (body.get("evse") or it.evse) == it.evse and it.detail in wanted
        case "fetch_log":
            return it.what == "upload" and it.detail in ("Uploaded", "AcceptedCanceled")
        case _:
            return False


def _advance_reset(body: Mapping[str, Any], seen: dict[str, Any], plugs: Sequence[int], it: Happening) -> bool:
    """The socket dropped, the boot came, every connector is back. One EVSE alone (B11) only reports."""
    if it.what in ("disconnected", "connected"):
        seen["dropped"] = True
    elif it.what == "booted":
        seen["booted"] = True
    elif it.what == "status" and (seen.get("booted") or body.get("evse")):
        back = {evse for evse in seen.get("back", []) if evse != it.evse}
        seen["back"] = sorted(back | ({it.evse} if it.detail in HEALTHY and it.evse else set()))
    if evse := body.get("evse"):
        return evse in seen.get("back", [])
    return bool(seen.get("dropped") and seen.get("booted") and set(plugs) <= set(seen.get("back", [])))


def body_of(command: Command) -> dict[str, Any]:
    return asdict(command)


def revive(kind: str, body: Mapping[str, Any]) -> Command:
    """The command of a row."""
    made = next(type for type, name in KINDS.items() if name == kind)
    values = {k: tuple(v) if isinstance(v, list) else v for k, v in body.items()}
    return made(**values)  # type: ignore[no-any-return]


# --- rows -------------------------------------------------------------------------------------------


async def circumstances(conn: Conn, station: str, running: Sequence[Transaction], now: datetime) -> Circumstances:
    state = await conn.fetchrow(STATION_STATE, station)
    plugs = {row["evse"]: (row["status"], row["status_at"]) for row in await conn.fetch(PLUGS, station)}
    resets = [(r["requested_at"], bool(r["hard"])) for r in await conn.fetch(RESETS, station, now - timedelta(days=1))]
    return Circumstances(
        transactions=running, plugs=plugs, last_offline=await conn.fetchval(LAST_OFFLINE, station),
        firmware_status=state["firmware_status"] if state else None, resets=resets,
    )


async def submit(
    conn: Conn, station: str, command: Command, action: str, payload: Mapping[str, Any], *, by: str,
    reason: str | None, complaint: str | None, override: bool, guards: Sequence[str], now: datetime,
    queue_until: datetime | None,
) -> str:
    """The new row's id; `guards` are those an override went past (G11: on record)."""
    id = str(uuid.uuid4())
    await conn.execute(
        SUBMIT, id, station, action, KINDS[type(command)], dict(payload), body_of(command), by, reason, complaint,
        override, list(guards), now, queue_until, *_places(command),
    )
    return id


def _places(command: Command) -> tuple[Any, ...]:
    return (
        getattr(command, "evse", None), getattr(command, "connector", None), getattr(command, "token", None),
        getattr(command, "transaction", None),
    )


async def claim(conn: Conn, id: str, *, at: datetime, message_id: str, seq: int, session: int | None) -> bool:
    """Take the command for sending; False when someone already has."""
    return await conn.fetchval(CLAIM, id, at, message_id, seq, session) is not None


async def settle(
    conn: Conn, id: str, kind: str, state: str, now: datetime, notes: Notes, *,
    answer: Mapping[str, Any] | None = None, seq: int | None = None, already: bool = False,
) -> bool:
    """How it ended; `already` = the effect was there before. False when the row had moved on."""
    effect, deadline = awaited_effect(kind, state, now)
    effect_at = now if already and effect == "pending" else None
    effect = "observed" if effect_at else effect
    before = [s for s, after in TRANSITIONS.items() if state in after]
    row = await conn.fetchrow(
        SETTLE, id, state, dict(answer) if answer is not None else None, now, seq, effect, deadline, effect_at, before
    )
    if row:
        notes.event("command.settled", row["station"], id, state=state, kind=kind)
        if effect_at:
            notes.event("command.effect", row["station"], id, effect="observed", kind=kind)
    return row is not None


async def by_message(conn: Conn, station: str, message_id: str) -> Row | None:
    """Whose answer this is, when it comes after we gave up on it."""
    return await conn.fetchrow(BY_MESSAGE, station, message_id)


async def observe(conn: Conn, happenings: Sequence[Happening], notes: Notes) -> None:
    """See whether what stations did is what pending commands wait for."""
    if not happenings:
        return
    stations = list({h.station for h in happenings})
    pending = await conn.fetch(PENDING, stations)
    if not pending:
        return
    plugs = {s: [r["evse"] for r in await conn.fetch(PLUGS, s)] for s in {row["station"] for row in pending}}
    moved = [m for row in pending if (m := _observe_one(row, happenings, plugs[row["station"]], notes))]
    if moved:
        await conn.execute(OBSERVE, *zip(*moved, strict=True))


def _observe_one(
    row: Row, happenings: Sequence[Happening], plugs: Sequence[int], notes: Notes
) -> tuple[Any, ...] | None:
    seen = dict(row["seen"])
    for it in happenings:
        # An effect may outrun the answer (station-surprises 8), never the question.
        if it.station != row["station"] or it.at < row["sent_at"]:
            continue
        if it.at > row["effect_deadline"]:
            notes.event("command.effect", it.station, str(row["id"]), effect="not_observed", kind=row["kind"])
            return row["id"], seen, "not_observed", row["effect_deadline"]
        if advance(row["kind"], row["body"], seen, plugs, it):
            notes.event("command.effect", it.station, str(row["id"]), effect="observed", kind=row["kind"])
            return row["id"], seen, "observed", it.at
    return (row["id"], seen, "pending", None) if seen != row["seen"] else None


async def tidy(conn: Conn, now: datetime, notes: Notes, *, answer_within_s: float) -> None:
    """Deadlines: effects that did not show, queues that ran out, questions a dead process had asked."""
    await give_up_effects(conn, now, notes)
    for row in await conn.fetch(EXPIRE, now):
        notes.event("command.settled", row["station"], str(row["id"]), state="expired")
    for row in await conn.fetch(ABANDON, now, answer_within_s):
        notes.event("command.settled", row["station"], str(row["id"]), state="unanswered")


async def give_up_effects(conn: Conn, now: datetime, notes: Notes) -> None:
    for row in await conn.fetch(GIVE_UP_EFFECTS, now):
        notes.event("command.effect", row["station"], str(row["id"]), effect="not_observed", kind=row["kind"])


async def queued(conn: Conn, station: str, now: datetime) -> list[str]:
    return [str(row["id"]) for row in await conn.fetch(QUEUED, station, now)]


async def recall(
    conn: Conn, id: str, station: str, command: Command, action: str, payload: Mapping[str, Any], *, by: str,
    complaint: str | None, at: datetime, message_id: str, seq: int,
) -> None:
    """A command of history, as the journal has it."""
    await conn.execute(
        IMPORT, id, station, action, KINDS[type(command)], dict(payload), body_of(command), by, complaint, at,
        message_id, *_places(command), seq,
    )


async def find(conn: Conn, id: str) -> CommandFact:
    """Raises NotFound."""
    row = await conn.fetchrow(BY_ID, id)
    if row is None:
        raise NotFound(f"no command {id}")
    return fact(row)


async def row(conn: Conn, id: str) -> Row | None:
    return await conn.fetchrow(BY_ID, id)


async def between(conn: Conn, station: str, since: datetime, until: datetime) -> list[CommandFact]:
    return [fact(row) for row in await conn.fetch(BETWEEN, station, since, until)]


async def listing(
    conn: Conn, *, station: str | None = None, after: tuple[datetime, str] | None = None, limit: int = 100
) -> list[CommandFact]:
    at, id = after or (None, None)
    return [fact(row) for row in await conn.fetch(LIST, station, at, id, limit)]


def fact(row: Row) -> CommandFact:
    body = row["body"]
    frame = row["station"] + ":{}"
    return CommandFact(
        id=str(row["id"]), station=row["station"], action=row["action"], kind=row["kind"], payload=row["payload"],
        state=row["state"], effect=row["effect"], requested_by=row["requested_by"], requested_at=row["requested_at"],
        sent_at=row["sent_at"], settled_at=row["settled_at"], effect_at=row["effect_at"], answer=row["answer"],
        evse=row["evse"], connector=row["connector"], token=row["token"], said=row["said"],
        remote_start_id=body.get("remote_start_id"), hard=bool(body.get("hard")), operative=body.get("operative"),
        reason=row["reason"], complaint=row["complaint"],
        frame=frame.format(row["seq"]) if row["seq"] else None,
        answer_frame=frame.format(row["answer_seq"]) if row["answer_seq"] else None,
    )
