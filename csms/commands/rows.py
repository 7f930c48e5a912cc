"""The rows of commands: submitted, claimed, settled, their effects observed."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from csms.commands.effects import (
    EFFECT_WITHIN,
    KINDS,
    TRANSITIONS,
    Happening,
    advance,
    awaited_effect,
    failed,
)
from csms.commands.guards import PLUGS
from csms.errors import NotFound
from csms.kit.db import Conn, Row
from csms.vocabulary import Command, CommandFact, CommandState
from csms.vocabulary.heard import Notes

SUBMIT = """
    insert into commands (id, station, action, kind, payload, body, state, requested_by, reason, complaint, override,
        guards, requested_at, queue_until, evse, connector, token, said)
    values ($1, $2, $3, $4, $5, $6, 'queued', $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
"""

# Asked twice, sent once: only one claim finds the row still queued, and only on the station's present session.
CLAIM = """
    update commands c set state = 'sent', sent_at = $2, message_id = $3, seq = $4, session = $5
    from stations s
    where c.id = $1 and c.state = 'queued' and s.id = c.station and s.session = $5 returning c.id
"""

TAKE_BACK = """
    update commands set state = 'queued', sent_at = null, message_id = null, seq = null, session = null
    where id = $1 and state = 'sent' and message_id = $2 and session = $3
"""

# An effect that outran the answer stands, unless the answer is no: then it was something else's.
SETTLE = """
    update commands set state = $2, answer = coalesce($3, answer), settled_at = $4,
        answer_seq = coalesce($5, answer_seq), seen = seen || $10::jsonb,
        effect = case when effect = 'observed' and $2 in ('accepted', 'unanswered') then effect else $6 end,
        effect_deadline = $7,
        effect_at = case when effect = 'observed' and $2 in ('accepted', 'unanswered') then effect_at else $8 end
    where id = $1 and state = any($9::text[]) and ($11::bigint is null or session is null or session <= $11)
    returning id, station
"""

BY_MESSAGE = """
    select id, kind, action, evse, state, payload, body, requested_by from commands
    where station = $1 and message_id = $2 order by sent_at desc limit 1
"""

PENDING = """
    select id, station, kind, body, state, effect, seen, sent_at, effect_deadline
    from commands
    where station = any($1::text[]) and (effect = 'pending' or (state = 'sent' and kind = any($2::text[])))
    order by requested_at
"""

# Its answer, or that none came, may have been settled since the row was read: what was not decided here stays as it is.
OBSERVE = """
    update commands c set seen = c.seen || o.seen, effect = coalesce(o.effect, c.effect),
        effect_at = case when o.effect is null then c.effect_at else o.at end
    from unnest($1::uuid[], $2::jsonb[], $3::text[], $4::timestamptz[]) as o (id, seen, effect, at)
    where c.id = o.id and (c.effect = 'pending' or c.state = 'sent')
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
    where state = 'sent' and sent_at < $1::timestamptz - make_interval(secs => $2)
    returning id, station, kind, body, settled_at
"""

# Those that a session had sent which is no more: its station was not heard to answer, and whoever waited is gone.
ABANDON_OF = """
    update commands c set state = 'unanswered', settled_at = l.at
    from unnest($1::text[], $2::bigint[], $3::timestamptz[]) as l (station, session, at)
    where c.station = l.station and c.session <= l.session and c.state = 'sent'
    returning c.id, c.station, c.kind, c.body, c.settled_at
"""

# A reset may kill the one who would have answered it: what it does is watched all the same.
WATCH = "update commands set effect = 'pending', effect_deadline = $2 where id = $1 and effect <> 'observed'"

WAITED_FOR = """
    select distinct c.station from commands c join stations s on s.id = c.station
    where c.state = 'queued' and c.queue_until >= $2 and s.node = $1 and s.connected
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

IMPORT = """
    insert into commands (id, station, action, kind, payload, body, state, requested_by, reason, complaint, guards,
        requested_at, sent_at, message_id, evse, connector, token, said, seq)
    values ($1, $2, $3, $4, $5, $6, 'sent', $7, null, $8, '{}', $9, $9, $10, $11, $12, $13, $14, $15)
    on conflict do nothing
"""


# --- rows -------------------------------------------------------------------------------------------


async def submit(
    conn: Conn, station: str, command: Command, action: str, payload: Mapping[str, Any], *, by: str,
    reason: str | None, complaint: str | None, override: bool, guards: Sequence[str], now: datetime,
    queue_until: datetime | None,
) -> str:
    """The new row's id; `guards` are those an override went past (G11: on record)."""
    id = str(uuid.uuid4())
    await conn.execute(
        SUBMIT, id, station, action, KINDS[type(command)], dict(payload), asdict(command), by, reason, complaint,
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


async def take_back(conn: Conn, id: object, message_id: str, session: int | None) -> None:
    """Claimed, and the socket went before anything was sent: it waits again, or is offline soon."""
    await conn.execute(TAKE_BACK, id, message_id, session)


async def settle(
    conn: Conn, id: str, kind: str, state: str, now: datetime, notes: Notes, *,
    body: Mapping[str, Any] | None = None, answer: Mapping[str, Any] | None = None, word: str | None = None,
    seen: Mapping[str, Any] | None = None, seq: int | None = None, already: bool = False, session: int | None = None,
) -> bool:
    """How it ended, with which word; `already` = the effect was there before. False when the row had moved on.

    `session`: who says so; it cannot settle what a newer one has sent.
    """
    effect, deadline = awaited_effect(kind, body or {}, state, now, word)
    effect_at = now if already and effect == "pending" else None
    effect = "observed" if effect_at else effect
    before = [s for s, after in TRANSITIONS.items() if state in after]
    row = await conn.fetchrow(
        SETTLE, id, state, dict(answer) if answer is not None else None, now, seq, effect, deadline, effect_at, before,
        dict(seen or {}), session,
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
    pending = await conn.fetch(PENDING, stations, list(EFFECT_WITHIN))
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
        if row["effect_deadline"] is not None and it.at > row["effect_deadline"]:
            notes.event("command.effect", it.station, str(row["id"]), effect="not_observed", kind=row["kind"])
            return row["id"], seen, "not_observed", row["effect_deadline"]
        if advance(row["kind"], row["body"], seen, plugs, it):
            notes.event("command.effect", it.station, str(row["id"]), effect="observed", kind=row["kind"])
            return row["id"], seen, "observed", it.at
        if row["effect"] == "pending" and failed(row["kind"], row["body"], it):
            notes.event("command.effect", it.station, str(row["id"]), effect="not_observed", kind=row["kind"])
            return row["id"], seen, "not_observed", it.at
    return (row["id"], seen, None, None) if seen != row["seen"] else None


async def tidy(conn: Conn, now: datetime, notes: Notes, *, answer_within_s: float) -> None:
    """Deadlines: effects that did not show, queues that ran out, questions a dead process had asked."""
    await give_up_effects(conn, now, notes)
    for row in await conn.fetch(EXPIRE, now):
        notes.event("command.settled", row["station"], str(row["id"]), state="expired")
    await _abandoned(conn, await conn.fetch(ABANDON, now, answer_within_s), notes)


async def abandon(conn: Conn, lost: Sequence[tuple[str, int, datetime]], notes: Notes) -> None:
    """What these (station, session, at) had sent when their node died."""
    await _abandoned(conn, await conn.fetch(ABANDON_OF, *(list(column) for column in zip(*lost, strict=True))), notes)


async def _abandoned(conn: Conn, rows: Sequence[Row], notes: Notes) -> None:
    for row in rows:
        state = CommandState.UNANSWERED
        notes.event("command.settled", row["station"], str(row["id"]), state=state.value)
        effect, deadline = awaited_effect(row["kind"], row["body"], state, row["settled_at"])
        if effect == "pending":
            await conn.execute(WATCH, row["id"], deadline)


async def waited_for(conn: Conn, node: str, now: datetime) -> list[str]:
    """Stations on this node for which commands wait."""
    return [row["station"] for row in await conn.fetch(WAITED_FOR, node, now)]


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
        IMPORT, id, station, action, KINDS[type(command)], dict(payload), asdict(command), by, complaint, at,
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
