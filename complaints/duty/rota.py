"""People, absences and loads as rows; giving a case its owner."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from complaints import alarms, cases, thread
from complaints.cases import Case
from complaints.duty.choose import Need, Person, choose
from complaints.outbound import outbox
from complaints.states import OPEN
from complaints.thread import SYSTEM, Draft
from csms.errors import BadInput, NotFound
from csms.kit.db import Conn

PEOPLE = """
    select u.name, u.role, coalesce(p.departments, '{}') as departments, coalesce(p.regions, '{}') as regions,
        coalesce(p.sites, '{}') as sites, coalesce(p.languages, '{}') as languages,
        coalesce(p.capacity, 20) as capacity, p.on_call, a.name is not null as away, a.substitute,
        (select count(*) from complaints c where c.owner = u.name and c.state = any($2::text[])) as load
    from users u left join people p using (name)
    left join lateral (
        select name, substitute from absences where name = u.name and since <= $1 and until > $1
        order by since desc limit 1
    ) a on true
    where u.active and u.role <> 'integration' and u.role <> 'auditor'
    order by u.name
"""
PUT = """
    insert into people (name, departments, regions, sites, languages, notify, zone, on_call, capacity)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
    on conflict (name) do update set departments = excluded.departments, regions = excluded.regions,
        sites = excluded.sites, languages = excluded.languages, notify = excluded.notify, zone = excluded.zone,
        on_call = excluded.on_call, capacity = excluded.capacity
"""
ONE = """
    select departments, regions, sites, languages, notify, zone, on_call, capacity from people where name = $1
"""
END_ABSENCE = """
    update absences set until = greatest($3, since + interval '1 second')
    where id = $1 and name = $2 and until > $3 returning id
"""
EXISTS = "select 1 from users where name = $1 and active"
ABSENT = """
    insert into absences (name, since, until, substitute, noted_by) values ($1, $2, $3, $4, $5) returning id
"""
ABSENCES = "select id, name, since, until, substitute, noted_by from absences where until > $1 order by since"
PREDICT = """
    select count(*) as n, percentile_cont(0.5) within group (order by extract(epoch from closed_at - filed_at)) as s
    from complaints
    where state = 'closed' and level = $1 and category = $2 and ($3::text is null or topic = $3)
        and filed_at > $4::timestamptz - interval '180 days'
"""
NOTE_PREDICTED = "update complaints set predicted_s = $2 where number = $1"
ENOUGH = 5


async def people(conn: Conn, now: datetime) -> list[Person]:
    """Everybody who may own a case, with load and absence."""
    rows = await conn.fetch(PEOPLE, now, list(OPEN))
    lists = ("departments", "regions", "sites", "languages")
    return [Person(**dict(row) | {name: tuple(row[name]) for name in lists}) for row in rows]


async def put(conn: Conn, name: str, given: Mapping[str, Any]) -> None:
    """What duty knows of a user. Raises NotFound."""
    if not await conn.fetchval(EXISTS, name):
        raise NotFound(f"there is no user {name}")
    lists = [list(given.get(field) or ()) for field in ("departments", "regions", "sites", "languages")]
    await conn.execute(
        PUT, name, *lists, given.get("notify"), given.get("zone"), given.get("on_call"), given.get("capacity") or 20
    )


async def one(conn: Conn, name: str) -> dict[str, Any]:
    """What duty knows of a user; empty where nobody has entered anything. Raises NotFound."""
    if not await conn.fetchval(EXISTS, name):
        raise NotFound(f"there is no user {name}")
    row = await conn.fetchrow(ONE, name)
    return dict(row) if row else {}


async def back(conn: Conn, id: int, name: str, now: datetime) -> bool:
    """An absence that ends early, or does not begin."""
    return bool(await conn.fetchval(END_ABSENCE, id, name, now))


async def absent(
    conn: Conn, name: str, since: datetime, until: datetime, substitute: str | None, by: str
) -> int:
    """Raises BadInput, NotFound."""
    if until <= since:
        raise BadInput("until", "must be after since")
    if substitute == name:
        raise BadInput("substitute", "must be somebody else")
    for one in filter(None, (name, substitute)):
        if not await conn.fetchval(EXISTS, one):
            raise NotFound(f"there is no user {one}")
    return int(await conn.fetchval(ABSENT, name, since, until, substitute, by))


async def absences(conn: Conn, now: datetime) -> list[dict[str, Any]]:
    return [dict(row) for row in await conn.fetch(ABSENCES, now)]


async def give_owner(
    conn: Conn, case: Case, now: datetime, *, without: Iterable[str] = (), because: str | None = None
) -> str | None:
    """Assign by the rules and tell the one chosen; who takes it up himself does so by an action of his own."""
    there = await people(conn, now)
    need = Need(case.department, case.level, case.site, case.region, case.language, frozenset(without))
    chosen = choose(there, need)
    if chosen is None:
        if there:
            await alarms.raise_(conn, f"nobody:{case.number}:{case.round}", "nobody", now, complaint=case.number)
        return None
    reasons = [because, *chosen.because] if because else list(chosen.because)
    body = {"owner": chosen.name, "because": reasons, "automatic": True}
    entry = await thread.add(conn, case.number, Draft("assignment", SYSTEM, body=body), now)
    assert entry is not None
    await cases.own(conn, case.number, chosen.name)
    await outbox.to_staff(
        conn, f"owner:{case.number}:{entry.seq}", chosen.name, complaint=case.number, situation="assigned",
        subject=f"{case.number} is yours", body=f"{case.number}, level {case.level}, {case.topic}: {case.text[:200]}",
        urgent=case.level == 1, now=now,
    )
    return chosen.name


async def predict(conn: Conn, case: Case, usual_s: float, now: datetime) -> int:
    """How long it will take: the median of like cases, by topic, else by category, else as the policy says."""
    seconds = usual_s
    for topic in (case.topic, None):
        row = await conn.fetchrow(PREDICT, case.level, case.category, topic, now)
        if row["n"] >= ENOUGH:
            seconds = row["s"]
            break
    await conn.execute(NOTE_PREDICTED, case.number, int(seconds))
    return int(seconds)
