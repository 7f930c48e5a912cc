"""Figures of cases over a time: how many, how fast, how well, told apart by one axis. Rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from complaints.states import ENDED
from csms.errors import BadInput
from csms.kit.db import Conn, Row, by_values

AXES: Mapping[str, str] = {
    "category": "category", "topic": "topic", "nature": "nature", "level": "level::text", "channel": "channel",
    "department": "department", "person": "owner", "site": "site", "region": "region", "state": "state",
    "verdict": "verdict", "liability": "liability",
}
"""What figures can be told apart by -> the column of it."""

KEY = "case $3 " + " ".join(f"when '{axis}' then {column}" for axis, column in AXES.items()) + " end"

# Counted by the day of filing. Late: any clock of any round was missed. First time: closed in its first round.
SUMMARY = f"""
    with asked as (
        select {KEY} as key, number, state, round, level, filed_at, closed_at from complaints
        where filed_at >= $1 and filed_at < $2 and state <> 'merged'
            and ($5::text is null or department = $5) and ($6::text is null or site = $6)
    ), clocks as (
        select complaint, bool_or(breached_at is not null or met_at > due_at) as late,
            min(met_at) filter (where kind in ('acknowledge', 'first_reply')) as first_at
        from deadlines
        where complaint in (select number from asked)
            and (breached_at is not null or met_at > due_at or kind in ('acknowledge', 'first_reply'))
        group by complaint
    ), surveyed as (
        select distinct on (complaint) complaint, score from surveys
        where score is not null and complaint in (select number from asked) order by complaint, round desc
    ), confirmed as (
        select distinct on (complaint) complaint, (body ->> 'satisfaction')::int as score from entries
        where type = 'confirmation' and body ->> 'satisfaction' is not null
            and complaint in (select number from asked) order by complaint, seq desc
    )
    select a.key, count(*) as cases,
        count(*) filter (where not state = any($4::text[])) as open,
        count(*) filter (where state = 'closed') as closed,
        count(*) filter (where state = 'closed' and round = 1) as first_time,
        count(*) filter (where round > 1) as again,
        count(*) filter (where d.late) as late,
        count(*) filter (where level = 1) as level_1, count(*) filter (where level = 2) as level_2,
        count(*) filter (where level = 3) as level_3,
        percentile_cont(0.5) within group (order by extract(epoch from closed_at - filed_at))
            filter (where state = 'closed') as median_s,
        percentile_cont(0.9) within group (order by extract(epoch from closed_at - filed_at))
            filter (where state = 'closed') as slow_s,
        percentile_cont(0.5) within group (order by extract(epoch from d.first_at - filed_at)) as first_reply_s,
        avg(coalesce(s.score, c.score)) as stars, count(coalesce(s.score, c.score)) as rated
    from asked a
    left join clocks d on d.complaint = a.number
    left join surveyed s on s.complaint = a.number
    left join confirmed c on c.complaint = a.number
    group by rollup (a.key) having grouping(a.key) = 1 or a.key is not null
    order by cases desc, a.key
"""


@dataclass(frozen=True, slots=True)
class Figures:
    """One line. `key` None: all together. Times in seconds; rates None where there is nothing to divide by."""

    key: str | None
    cases: int
    open: int
    closed: int
    first_time: int
    again: int
    late: int
    levels: tuple[int, int, int]
    """Its mix: how many of level 1, 2, 3. Who gets the grave ones is not slow."""
    median_s: float | None
    slow_s: float | None
    """Nine of ten were closed within this."""
    first_reply_s: float | None
    stars: float | None
    rated: int

    @property
    def first_resolution(self) -> float | None:
        """Closed in the first round, of all that were closed or came back."""
        return rate(self.first_time, self.first_time + self.again)

    @property
    def on_time(self) -> float | None:
        return rate(self.cases - self.late, self.cases)


def rate(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def figures_json(figures: Figures) -> dict[str, Any]:
    shape = {name: getattr(figures, name) for name in Figures.__slots__}
    return shape | {
        "levels": list(figures.levels), "stars": round(figures.stars, 2) if figures.stars is not None else None,
        "first_resolution": figures.first_resolution, "on_time": figures.on_time,
    }


async def summary(
    conn: Conn, since: datetime, until: datetime, by: str, *, department: str | None = None, site: str | None = None
) -> list[Figures]:
    """The total first (key None), then each value of the axis, the commonest first. Raises BadInput."""
    _check_axis(by)
    rows = await by_values(conn, SUMMARY, since, until, by, list(ENDED), department, site)
    found = [_of_row(dict(row)) for row in rows]
    return sorted(found, key=lambda f: f.key is not None)


def _of_row(row: dict[str, Any]) -> Figures:
    levels = tuple(row.pop(f"level_{n}") for n in (1, 2, 3))
    stars = row.pop("stars")
    return Figures(**row, levels=levels, stars=float(stars) if stars is not None else None)


COUNTS = f"""
    select {KEY} as key, count(*) as cases
    from complaints where filed_at >= $1 and filed_at < $2 and state <> 'merged' group by 1
"""


async def counts(conn: Conn, since: datetime, until: datetime, by: str) -> dict[str, int]:
    """Cases of each value of an axis, and nothing else. Raises BadInput."""
    _check_axis(by)
    rows = await conn.fetch(COUNTS, since, until, by)
    return {row["key"]: row["cases"] for row in rows if row["key"] is not None}


def _check_axis(by: str) -> None:
    if by not in AXES:
        raise BadInput("by", f"must be one of {', '.join(AXES)}")


AGAIN = """
    select number, owner, department, topic, round, state, filed_at from complaints
    where filed_at >= $1 and filed_at < $2 and round > 1 and state <> 'merged' order by number desc limit 500
"""
OVERDUE = """
    select d.complaint, d.kind, d.due_at, d.breached_at, d.escalations, c.owner, c.department, c.level, c.state,
        count(*) over () as total
    from deadlines d join complaints c on c.number = d.complaint and c.round = d.round
    where d.met_at is null and d.breached_at is not null and not d.stopped
    order by c.level, d.due_at limit $1
"""
BREACHES_BY = """
    select c.owner, count(*) as breaches, count(distinct d.complaint) as cases
    from deadlines d join complaints c on c.number = d.complaint
    where d.breached_at > $1 and d.breached_at <= $2 and c.owner is not null
    group by c.owner order by breaches desc, c.owner
"""
BY_STATION = """
    select coalesce(matched_station, station) as station, topic, count(*) as cases
    from complaints
    where filed_at >= $1 and filed_at < $2 and state not in ('merged', 'withdrawn')
        and coalesce(matched_station, station) is not null
    group by 1, 2
"""
# By the week (Monday) in the installation's zone; weeks without a case are filled in by whoever reads.
WEEKLY = """
    select date_trunc('week', filed_at at time zone $2)::date as week, count(*) as cases
    from complaints
    where filed_at >= $1 and state <> 'merged' and ($3::text is null or site = $3)
        and ($4::text is null or coalesce(matched_station, station) = $4)
    group by 1 order by 1
"""


async def overdue(conn: Conn, most: int) -> tuple[list[dict[str, Any]], int]:
    """What is late at this moment, the gravest and oldest first, and how much there is in all."""
    found = [dict(row) for row in await conn.fetch(OVERDUE, most)]
    totals = [row.pop("total") for row in found]
    return found, totals[0] if totals else 0


async def breaches_by_owner(conn: Conn, since: datetime, until: datetime) -> list[dict[str, Any]]:
    return [dict(row) for row in await conn.fetch(BREACHES_BY, since, until)]


async def came_back(conn: Conn, since: datetime, until: datetime) -> list[dict[str, Any]]:
    """Cases whose first answer did not settle it."""
    return [dict(row) for row in await conn.fetch(AGAIN, since, until)]


async def by_station(conn: Conn, since: datetime, until: datetime) -> list[Row]:
    """station, topic, cases; rows as they come: there may be thousands."""
    return list(await conn.fetch(BY_STATION, since, until))


async def weekly(
    conn: Conn, since: datetime, zone: str, site: str | None = None, station: str | None = None
) -> list[dict[str, Any]]:
    return [dict(row) for row in await conn.fetch(WEEKLY, since, zone, site, station)]
