"""The work list: open cases in the order they need somebody, with the reasons; and how many there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from complaints import cases, presence, saved_filters, search
from complaints.cases import COLUMNS, Case, Wanted
from complaints.incidents import rows as incidents
from complaints.incidents.rows import Incident
from complaints.saved_filters import Saved
from complaints.states import ENDED, OPEN
from csms.kit.clock import Clock
from csms.kit.db import Conn, Db
from csms.rest.http import Principal

SOON = timedelta(hours=1)
APPROVERS = ("finance", "supervisor", "admin")
READS_INTERNAL = ("supervisor", "auditor")
WITH_THE_CUSTOMER = ("need_info", "informed", "confirming")
OURS = tuple(state for state in OPEN if state not in WITH_THE_CUSTOMER)
"""States in which the next step is ours."""


@dataclass(frozen=True, slots=True)
class Item:
    """A case on the list. `due_kind`, `due_at`: the next clock of its round that still runs."""

    case: Case
    due_kind: str | None
    due_at: datetime | None
    heard: bool
    """The last word in its thread for the customer's eyes is the customer's."""

    def left(self, now: datetime) -> timedelta | None:
        return self.due_at - now if self.due_at else None

    def reasons(self, who: Principal, now: datetime) -> list[str]:
        """Codes of why it needs somebody now, the gravest first."""
        left, mine = self.left(now), self.case.owner == who.name
        return [code for holds, code in (
            (self.case.topic == "safety" or self.case.level == 1, "danger"),
            (left is not None and left < timedelta(0), "overdue"),
            (left is not None and timedelta(0) <= left <= SOON, "soon"),
            (self.case.state == "approving" and who.role in APPROVERS, "approve"),
            (self.case.state == "second_review", "second_review"),
            (self.heard and self.case.state not in ("received", "acknowledged", "assessed"), "heard"),
            (self.case.owner is None and self.case.is_open, "nobody"),
            (mine, "yours"),
        ) if holds]


# A case waits with us, its clocks run; the same clocks stand still while it is the customer's turn.
# Only the page that is shown is looked at in full.
LIST = f"""
    with shown as (
        select c.number, d.kind as due_kind, d.due_at, row_number() over (order by c.state = any($9::text[]) desc,
            c.level = 1 and c.state = any($9::text[]) desc, d.due_at nulls last, c.number desc) as place
        from complaints c
        left join lateral (
            select kind, due_at from deadlines
            where c.state = any($9::text[]) and complaint = c.number and round = c.round and met_at is null
                and started_at is not null and not stopped and kind not like 'follow_up%'
            order by due_at limit 1
        ) d on true
        where ($1::text[] is null or c.state = any($1)) and ($2::int is null or c.level = $2)
            and ($3::text is null or c.department = $3)
            and ($4::text is null or c.station = $4 or c.matched_station = $4)
            and ($5::text[] is null or c.number = any($5))
            and ($6::text is null or c.owner = $6)
        order by place limit $7 offset $8
    )
    select {', '.join('c.' + name for name in COLUMNS)}, s.due_kind, s.due_at, l.author = 'customer' as heard
    from shown s join complaints c using (number)
    left join lateral (
        select author from entries where complaint = c.number and audience = 'customer' and author <> 'ohmbudsman'
        order by seq desc limit 1
    ) l on true
    order by s.place
"""
COUNT = """
    select count(*) filter (where state = any($1::text[])) as now,
        count(*) filter (where state = any($2::text[]) and owner = $4) as mine,
        count(*) filter (where state = any($2::text[])) as open,
        count(*) filter (where state = any($3::text[])) as ended,
        count(*) as all
    from complaints
"""
CHANGED = "select max(updated_at) from complaints"


async def listed(conn: Conn, wanted: Wanted, *, internal: bool, skip: int, limit: int) -> list[Item]:
    found = await search.find(conn, wanted.q, internal=internal)
    rows = await conn.fetch(
        LIST, list(wanted.states) or None, wanted.level, wanted.department, wanted.station, found,
        wanted.owner, limit, skip, list(OURS),
    )
    return [
        Item(cases.of_row({name: row[name] for name in COLUMNS}), row["due_kind"], row["due_at"], bool(row["heard"]))
        for row in rows
    ]


class Worklist:
    """Asked by the desk's first page."""

    def __init__(self, db: Db, clock: Clock) -> None:
        self._db, self._clock = db, clock

    async def listed(
        self, wanted: Wanted, who: Principal, *, skip: int = 0, limit: int = 50
    ) -> Sequence[Item]:
        """What is ours to do first: danger, then by the clock; what waits for customers after it."""
        async with self._db.acquire() as conn:
            return await listed(conn, wanted, internal=who.may(*READS_INTERNAL), skip=skip, limit=limit)

    async def counts(self, who: Principal) -> Mapping[str, int]:
        """How many cases each view of the list holds."""
        async with self._db.acquire() as conn:
            return dict(await conn.fetchrow(COUNT, list(OURS), list(OPEN), list(ENDED), who.name))

    async def changed_at(self) -> datetime | None:
        """When any case last changed."""
        async with self._db.acquire() as conn:
            found: datetime | None = await conn.fetchval(CHANGED)
            return found

    async def open_incidents(self) -> Sequence[Incident]:
        """What cases may be linked to, the newest first."""
        async with self._db.acquire() as conn:
            return await incidents.listed(conn, state="open", limit=100)

    # --- who looks --------------------------------------------------------------------------------

    async def others(self, numbers: Sequence[str], who: Principal) -> Mapping[str, Sequence[str]]:
        """Case -> who else has it open now."""
        async with self._db.acquire() as conn:
            return await presence.others(conn, numbers, who.name, self._clock())

    async def here(self, number: str, who: Principal) -> Sequence[str]:
        """`who` has it open; who else has."""
        async with self._db.acquire() as conn:
            now = self._clock()
            await presence.here(conn, number, who.name, now)
            return (await presence.others(conn, [number], who.name, now)).get(number, ())

    async def left(self, number: str, who: Principal) -> None:
        async with self._db.acquire() as conn:
            await presence.left(conn, number, who.name)

    # --- what people keep -------------------------------------------------------------------------

    async def saved(self, who: Principal) -> Sequence[Saved]:
        async with self._db.acquire() as conn:
            return await saved_filters.of(conn, who.name)

    async def keep(self, who: Principal, title: str, query: str) -> None:
        """A filter under a name of its own. Raises BadInput."""
        async with self._db.acquire() as conn, conn.transaction():
            await saved_filters.keep(conn, who.name, title, query, self._clock())

    async def forget(self, who: Principal, id: int) -> None:
        async with self._db.acquire() as conn:
            await saved_filters.forget(conn, who.name, id)
