"""Deadlines as rows: what `sla.clocks` makes of a case's thread, kept where lists and the worker can ask for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import orjson

from complaints import alarms, policy, sla
from complaints.policy import Policy
from complaints.sla import Clock, Event
from csms.kit.db import Conn


@dataclass(frozen=True, slots=True)
class Deadline:
    """A named deadline of one round, and how it went. `started_at` None: only planned yet."""

    complaint: str
    round: int
    kind: str
    due_at: datetime
    policy: str
    met_at: datetime | None = None
    breached_at: datetime | None = None
    started_at: datetime | None = None
    how: str | None = None
    paused: bool = False
    stopped: bool = False
    provisional: bool = False


CONTRACT = ("acknowledge", "arrive", "investigate", "resolve", "follow_up")
"""The kinds that the contract names; the others are shown beside them."""

COLUMNS = "complaint, round, kind, due_at, policy, met_at, breached_at, started_at, how, paused, stopped, provisional"
POLICIES = "select body from policies order by valid_from, version"
EVENTS = "select seq, at, type, author, audience, body from entries where complaint = $1 order by seq"
PUT = """
    insert into deadlines as d (complaint, round, kind, due_at, policy, started_at, met_at, how, paused, stopped,
        provisional)
    select $1, * from unnest($2::int[], $3::text[], $4::timestamptz[], $5::text[], $6::timestamptz[],
        $7::timestamptz[], $8::text[], $9::boolean[], $10::boolean[], $11::boolean[])
    on conflict (complaint, round, kind) do update set due_at = excluded.due_at, policy = excluded.policy,
        started_at = excluded.started_at, met_at = excluded.met_at, how = excluded.how, paused = excluded.paused,
        stopped = excluded.stopped, provisional = excluded.provisional,
        breached_at = case when excluded.due_at > d.due_at then null else d.breached_at end,
        reminded_at = case when excluded.due_at > d.due_at then null else d.reminded_at end
    where (d.due_at, d.policy, d.started_at, d.met_at, d.how, d.paused, d.stopped, d.provisional)
        is distinct from (excluded.due_at, excluded.policy, excluded.started_at, excluded.met_at, excluded.how,
            excluded.paused, excluded.stopped, excluded.provisional)
"""
DROP = """
    delete from deadlines d where complaint = $1 and breached_at is null and not exists (
        select 1 from unnest($2::int[], $3::text[]) as made (round, kind)
        where made.round = d.round and made.kind = d.kind)
"""
OF_CASES = f"select {COLUMNS} from deadlines where complaint = any($1::text[]) order by complaint, round, due_at, kind"
BREACHED = f"""
    select {', '.join('d.' + name for name in COLUMNS.split(', '))}
    from deadlines d join complaints c on c.number = d.complaint and c.round = d.round
    where d.due_at <= $1 and d.met_at is null and d.breached_at is null and not d.stopped and d.started_at is not null
    order by d.due_at limit 200
"""
NOTE_BREACH = """
    update deadlines set breached_at = $4
    where complaint = $1 and round = $2 and kind = $3 and met_at is null and breached_at is null returning kind
"""


# What the work list is ordered by; while it is the customer's turn none is.
NOTE_NEXT = """
    update complaints set next_kind = case when turn < 2 then $2::text end,
        next_at = case when turn < 2 then $3::timestamptz end
    where number = $1 and (next_kind, next_at) is distinct from
        (case when turn < 2 then $2::text end, case when turn < 2 then $3::timestamptz end)
"""


def next_of(made: Sequence[Clock]) -> Clock | None:
    """The clock of the newest round that runs out first. Pure."""
    last = max((c.round for c in made), default=0)
    running = [c for c in made if c.round == last and c.started_at and not c.met_at and not c.stopped
               and not c.kind.startswith("follow_up")]
    return min(running, key=lambda c: c.due_at, default=None)


async def policies(conn: Conn) -> list[Policy]:
    """All versions, by the time from which they count. Empty: the built-in policy."""
    return [policy.parsed(row["body"]) for row in await conn.fetch(POLICIES)]


VERSIONS = "select version, valid_from, set_by, set_at, reason, body from policies order by version desc limit $1"


@dataclass(frozen=True, slots=True)
class PolicyVersion:
    """A kept policy: from when it counts, and who set it why."""

    version: int
    valid_from: datetime
    set_by: str
    set_at: datetime
    reason: str
    policy: Policy


async def policy_versions(conn: Conn, limit: int = 20) -> list[PolicyVersion]:
    """Newest first."""
    rows = await conn.fetch(VERSIONS, limit)
    return [PolicyVersion(r["version"], r["valid_from"], r["set_by"], r["set_at"], r["reason"],
                          policy.parsed(r["body"])) for r in rows]


PUT_POLICY = "insert into policies (valid_from, body, set_by, set_at, reason) values ($1, $2, $3, $4, $5)"


async def put_policy(conn: Conn, made: Policy, by: str, reason: str, now: datetime) -> None:
    """A new version; rounds that have begun go on under theirs."""
    text = orjson.dumps(policy.as_json(made)).decode()
    await conn.execute(PUT_POLICY, made.valid_from, text, by, now, reason)


async def policy_now(conn: Conn, now: datetime) -> Policy:
    return policy.in_force(await policies(conn), now)


async def events(conn: Conn, number: str) -> list[Event]:
    return [Event(**dict(row)) for row in await conn.fetch(EVENTS, number)]


async def settle(conn: Conn, number: str, now: datetime) -> Sequence[Clock]:
    """Compute all clocks of a case anew from its thread and keep them. Called wherever the thread grows."""
    made = sla.clocks(await events(conn, number), await policies(conn))
    await conn.execute(
        PUT, number, [c.round for c in made], [c.kind for c in made], [c.due_at for c in made],
        [c.policy for c in made], [c.started_at for c in made], [c.met_at for c in made], [c.how for c in made],
        [c.paused for c in made], [c.stopped for c in made], [c.provisional for c in made],
    )
    await conn.execute(DROP, number, [c.round for c in made], [c.kind for c in made])
    following = next_of(made)
    await conn.execute(NOTE_NEXT, number, following and following.kind, following and following.due_at)
    for beyond in sorted({c.due_at.year for c in made if c.provisional and not c.met_at}):
        await alarms.raise_(
            conn, f"calendar:{beyond}", "calendar.horizon", now, complaint=number, detail={"year": beyond}
        )
    return made


async def of_cases(conn: Conn, numbers: Sequence[str]) -> dict[str, list[Deadline]]:
    """Deadlines of several cases, by number, all rounds."""
    found: dict[str, list[Deadline]] = {number: [] for number in numbers}
    for row in await conn.fetch(OF_CASES, list(numbers)):
        found[row["complaint"]].append(Deadline(**dict(row)))
    return found


async def breached(conn: Conn, now: datetime) -> list[Deadline]:
    """Deadlines that have run out and were not noted yet, follow-ups of closed cases among them."""
    return [Deadline(**dict(row)) for row in await conn.fetch(BREACHED, now)]


async def note_breach(conn: Conn, deadline: Deadline, now: datetime) -> bool:
    """True for the one who notes it first."""
    return bool(await conn.fetchval(NOTE_BREACH, deadline.complaint, deadline.round, deadline.kind, now))
