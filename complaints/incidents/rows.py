"""Incidents as rows: opened once for a cause, joined by cases, understood, solved, closed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from complaints import thread
from complaints.incidents.group import Cause
from complaints.thread import Draft
from csms.errors import BadInput, Conflict, NotFound
from csms.kit.clock import iso
from csms.kit.db import Conn, Row


@dataclass(frozen=True, slots=True)
class Incident:
    id: int
    cause: str
    kind: str
    title: str
    station: str | None
    site: str | None
    model: str | None
    firmware: str | None
    state: str
    level: int
    affected: int
    because: Sequence[Any]
    owner: str | None
    opened_by: str
    opened_at: datetime
    resolved_at: datetime | None
    closed_at: datetime | None
    whys: Sequence[Any]
    root_cause: str | None
    category: str | None
    merged_into: int | None = None


COLUMNS = ", ".join(Incident.__slots__)
OPEN = f"""
    insert into incidents (cause, kind, title, station, site, model, firmware, because, opened_by, opened_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
    on conflict (cause) where state = 'open' do update set because = excluded.because
    returning {COLUMNS}, xmax = 0 as new
"""
JOIN = """
    update complaints set incident = $2 where number = $1 and incident is null
        and state not in ('closed', 'merged', 'withdrawn') returning number
"""
ALONE = "select pg_advisory_xact_lock(hashtext('incidents'))"
BEGIN = f"""
    insert into incidents (cause, kind, title, station, site, level, owner, opened_by, opened_at)
    values ($1, 'other', $2, $3, $4, $5, $6, $6, $7) returning {COLUMNS}
"""
LEAVE = "update complaints set incident = null, affected = 1 where number = $1 and incident = $2 returning number"
COUNT = """
    with people as (
        select count(distinct coalesce(customer_phone, customer_email, customer_token, account, number)) as n
        from complaints where incident = $1),
    told as (update complaints set affected = greatest((select n from people), 1), priority_at = null
        where incident = $1)
    update incidents set affected = (select n from people) where id = $1 returning affected
"""
ONE = f"select {COLUMNS} from incidents where id = $1"
LISTED = f"""
    select {COLUMNS} from incidents where ($1::text is null or state = $1) and ($2::bigint is null or id < $2)
    order by id desc limit $3
"""
MERGED = f"""
    update incidents set state = 'closed', closed_at = $3, merged_into = $2, affected = 0
    where id = $1 and state <> 'closed' and id <> $2 returning {COLUMNS}
"""
MEMBERS = "select number from complaints where incident = $1 order by number"
RESOLVED = f"""
    update incidents set state = 'resolved', resolved_at = $2 where id = $1 and state = 'open' returning {COLUMNS}
"""
CLOSED = f"""
    update incidents set state = 'closed', closed_at = $2 where id = $1 and state = 'resolved' returning {COLUMNS}
"""
UNDERSTOOD = f"""
    update incidents set whys = $2, root_cause = $3, category = $4
    where id = $1 and state <> 'closed' returning {COLUMNS}
"""
CATEGORIES = ("equipment", "maintenance", "software", "network", "grid", "process", "people", "supplier", "other")


def incident_json(incident: Incident) -> dict[str, Any]:
    shape = {name: getattr(incident, name) for name in Incident.__slots__}
    return {name: iso(value) if isinstance(value, datetime) else value for name, value in shape.items()}


def _incident(row: Row) -> Incident:
    return Incident(**{name: row[name] for name in Incident.__slots__})


async def open_for(conn: Conn, cause: Cause, by: str, now: datetime) -> tuple[Incident, bool]:
    """(the open incident of this cause, whether it is new), with all its cases joined to it."""
    row = await conn.fetchrow(
        OPEN, cause.key, cause.kind, cause.title, cause.station, cause.site, cause.model, cause.firmware,
        list(cause.because), by, now,
    )
    incident = _incident(row)
    for number in cause.complaints:
        await join(conn, incident.id, number, by, now)
    await conn.fetchval(COUNT, incident.id)
    return await get(conn, incident.id), bool(row["new"])


async def begin(
    conn: Conn, title: str, by: str, now: datetime, *, station: str | None = None, site: str | None = None,
    level: int = 2,
) -> Incident:
    """By hand, for what no rule has seen. Raises BadInput."""
    if not title:
        raise BadInput("title", "is required: what has happened, in a few words")
    return _incident(await conn.fetchrow(BEGIN, f"hand:{uuid4()}", title, station, site, level, by, now))


async def merge(conn: Conn, id: int, into: int, by: str, reason: str, now: datetime) -> Incident:
    """The same matter twice: the cases go over, what is to be done stays where it is. Raises NotFound, Conflict."""
    target = await get(conn, into)
    if target.state == "closed":
        raise Conflict(f"incident {into} is closed")
    moved = await members(conn, id)
    if await conn.fetchrow(MERGED, id, into, now) is None:
        raise Conflict(f"incident {id} is closed, or is the same one")
    for number in moved:
        await leave(conn, id, number, by, reason, now)
        await join(conn, into, number, by, now)
    await conn.fetchval(COUNT, into)
    return await get(conn, into)


async def alone(conn: Conn) -> None:
    """Until the transaction ends: two who link the same cases in different order would wait for each other for ever."""
    await conn.execute(ALONE)


async def join(conn: Conn, id: int, number: str, by: str, now: datetime) -> bool:
    """The case keeps its own life and clocks; it is told, and answered, with the others."""
    if not await conn.fetchval(JOIN, number, id):
        return False
    await conn.fetchval(COUNT, id)
    await thread.add(conn, number, Draft("incident", by, body={"incident": id}), now)
    return True


async def leave(conn: Conn, id: int, number: str, by: str, reason: str, now: datetime) -> None:
    """It was another matter. Raises Conflict."""
    if not await conn.fetchval(LEAVE, number, id):
        raise Conflict(f"{number} does not belong to incident {id}")
    await thread.add(conn, number, Draft("incident_left", by, reason, body={"incident": id}), now)
    await conn.fetchval(COUNT, id)


async def get(conn: Conn, id: int) -> Incident:
    row = await conn.fetchrow(ONE, id)
    if row is None:
        raise NotFound(f"there is no incident {id}")
    return _incident(row)


async def listed(
    conn: Conn, *, state: str | None = None, before: int | None = None, limit: int = 100
) -> list[Incident]:
    return [_incident(row) for row in await conn.fetch(LISTED, state, before, limit)]


async def members(conn: Conn, id: int) -> list[str]:
    return [row["number"] for row in await conn.fetch(MEMBERS, id)]


async def understood(
    conn: Conn, id: int, whys: Sequence[Mapping[str, str]], root_cause: str, category: str
) -> Incident:
    """5-Why: each answer is the next question's matter. Raises BadInput, Conflict."""
    if category not in CATEGORIES:
        raise BadInput("category", f"must be one of {', '.join(CATEGORIES)}")
    if not 1 <= len(whys) <= 7 or not all(w.get("why") and w.get("because") for w in whys):
        raise BadInput("whys", "must be one to seven steps, each with `why` and `because`")
    row = await conn.fetchrow(UNDERSTOOD, id, [dict(w) for w in whys], root_cause, category)
    if row is None:
        raise Conflict(f"incident {id} is not there, or is closed")
    return _incident(row)


async def resolved(conn: Conn, id: int, now: datetime) -> Incident:
    return await _moved(conn, RESOLVED, id, now)


async def closed(conn: Conn, id: int, now: datetime) -> Incident:
    """Only once it is understood, and what was to be done about it is done. Raises Conflict."""
    incident = await get(conn, id)
    if not incident.root_cause:
        raise Conflict("say first what it came down to (5-Why)")
    if left := await conn.fetchval(OPEN_ACTIONS, id):
        raise Conflict(f"{left} corrective action(s) are not done yet")
    return await _moved(conn, CLOSED, id, now)


async def _moved(conn: Conn, statement: str, id: int, now: datetime) -> Incident:
    row = await conn.fetchrow(statement, id, now)
    if row is None:
        raise Conflict(f"incident {id} is {(await get(conn, id)).state}")
    return _incident(row)


# --- corrective actions ------------------------------------------------------------------------

OPEN_ACTIONS = "select count(*) from corrective_actions where incident = $1 and done_at is null"
ADD_ACTION = """
    insert into corrective_actions (incident, complaint, kind, what, owner, due_at, opened_by, opened_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8) returning id
"""
ADD_ACTION_ONCE = """
    insert into corrective_actions (incident, complaint, kind, what, owner, due_at, opened_by, opened_at, key)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict (key) do nothing returning id
"""
DONE_ACTION = """
    update corrective_actions set done_by = $2, done_at = $3, effect = $4 where id = $1 and done_at is null returning id
"""
ACTIONS = """
    select id, incident, complaint, kind, what, owner, due_at, opened_by, opened_at, done_by, done_at, effect
    from corrective_actions
    where ($1::bigint is null or incident = $1) and ($2::boolean is false or done_at is null) order by due_at limit 500
"""
# The same measure over as long before the action as after it.
EFFECT = """
    select count(*) filter (where filed_at <= $2) as before, count(*) filter (where filed_at > $2) as after
    from complaints
    where filed_at between $2::timestamptz - ($3::timestamptz - $2::timestamptz) and $3
        and ($1::text is null or station = $1 or matched_station = $1) and ($4::text is null or topic = $4)
"""


async def add_action(
    conn: Conn, *, what: str, owner: str, due_at: datetime, by: str, now: datetime, incident: int | None = None,
    complaint: str | None = None, kind: str = "corrective",
) -> int:
    return int(await conn.fetchval(ADD_ACTION, incident, complaint, kind, what, owner, due_at, by, now))


async def add_action_once(
    conn: Conn, key: str, *, what: str, owner: str, due_at: datetime, by: str, now: datetime,
    incident: int | None = None, complaint: str | None = None, kind: str = "corrective",
) -> bool:
    """A measure that comes by itself; False where it is there already."""
    return bool(await conn.fetchval(ADD_ACTION_ONCE, incident, complaint, kind, what, owner, due_at, by, now, key))


async def finish_action(conn: Conn, id: int, by: str, now: datetime, effect: Mapping[str, Any] | None) -> None:
    if not await conn.fetchval(DONE_ACTION, id, by, now, dict(effect) if effect else None):
        raise Conflict(f"corrective action {id} is not there, or is done")


async def actions(conn: Conn, *, incident: int | None = None, only_open: bool = False) -> list[dict[str, Any]]:
    return [
        {name: iso(value) if isinstance(value, datetime) else value for name, value in dict(row).items()}
        for row in await conn.fetch(ACTIONS, incident, only_open)
    ]


async def effect(
    conn: Conn, done_at: datetime, now: datetime, *, station: str | None = None, topic: str | None = None
) -> dict[str, int]:
    """Complaints before and after, over the same length of time."""
    row = await conn.fetchrow(EFFECT, station, done_at, now, topic)
    return {"before": row["before"], "after": row["after"]}


ACTION_DONE = """
    select a.done_at, i.station, c.topic, coalesce(c.matched_station, c.station) as complained_at
    from corrective_actions a
    left join incidents i on i.id = a.incident
    left join complaints c on c.number = a.complaint
    where a.id = $1
"""


async def effect_of(conn: Conn, id: int, now: datetime) -> dict[str, int]:
    """What a measure that is done has changed where it was about. Raises NotFound, Conflict."""
    row = await conn.fetchrow(ACTION_DONE, id)
    if row is None:
        raise NotFound(f"there is no action {id}")
    if row["done_at"] is None:
        raise Conflict(f"action {id} is not done yet")
    return await effect(conn, row["done_at"], now, station=row["station"] or row["complained_at"], topic=row["topic"])


async def note(conn: Conn, numbers: Sequence[str], draft: Draft, now: datetime) -> int:
    """The same words in every case, once each by the draft's key."""
    return sum([await thread.add(conn, number, draft, now) is not None for number in numbers])
