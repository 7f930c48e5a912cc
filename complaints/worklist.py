"""The work list: open cases in the order they need somebody, with the reasons; and how many there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from complaints import cases, presence, saved_filters, search
from complaints.cases import COLUMNS, Case, Wanted
from complaints.incidents import rows as incidents
from complaints.incidents.rows import Incident
from complaints.saved_filters import Saved
from complaints.states import ENDED, OPEN, STATES
from csms.kit.clock import Clock
from csms.kit.db import Conn, Db, by_values
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


# In the order of the index complaints_by_turn; only the page that is shown is looked at in full.
SHOWN, ORDER = "c.number, c.turn, c.next_at", "c.turn, c.next_at, c.number desc"
LIST = f"""
    select {', '.join('c.' + name for name in COLUMNS)}, c.next_kind, c.next_at, l.author = 'customer' as heard
    from unnest($1::text[]) with ordinality as s (number, place) join complaints c using (number)
    left join lateral (
        select author from entries where complaint = c.number and audience = 'customer' and author <> 'ohmbudsman'
        order by seq desc limit 1
    ) l on true
    order by s.place
"""
# Cases are never deleted and numbers have no gaps: what was given out is what there is.
COUNT = """
    select count(*) filter (where turn <= 1) as now, count(*) filter (where owner = $1) as mine, count(*) as open,
        (select coalesce(sum(last), 0) from complaint_numbers) - count(*) as ended,
        (select coalesce(sum(last), 0) from complaint_numbers) as all
    from complaints where turn <= 2
"""
CHANGED = "select max(updated_at) from complaints"


def statement(
    wanted: Wanted, *, internal: bool, skip: int, limit: int, found: Sequence[str] | None = None
) -> tuple[str, list[Any]]:
    """The page's numbers in order: danger, ours by the clock, the customer's, ended; the newest first among like."""
    turns = {turn_of(state) for state in wanted.states}
    turns |= {0} if 1 in turns else set()
    if set(wanted.states) == {state for state in STATES if turn_of(state) in turns}:
        wanted = replace(wanted, states=())  # the turns say it all, and the planner would take both for a coincidence
    made = search.conditions(wanted, turns=sorted(turns))
    at = search.Page(skip, limit)
    return search.page(made, SHOWN, ORDER, wanted.q, found, at, internal=internal), made.values


def turn_of(state: str) -> int:
    """As the column complaints.turn has it; ours of level 1 are 0 there."""
    return 3 if state in ENDED else 2 if state in WITH_THE_CUSTOMER else 1


async def listed(conn: Conn, wanted: Wanted, *, internal: bool, skip: int, limit: int) -> list[Item]:
    few = await search.candidates(conn, wanted.q, internal=internal)
    asked, values = statement(wanted, internal=internal, skip=skip, limit=limit, found=few)
    shown = await by_values(conn, asked, *values)
    rows = await conn.fetch(LIST, [row["number"] for row in shown])
    return [
        Item(cases.of_row({name: row[name] for name in COLUMNS}), row["next_kind"], row["next_at"], bool(row["heard"]))
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
            return dict(await conn.fetchrow(COUNT, who.name))

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
