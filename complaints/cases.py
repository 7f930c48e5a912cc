"""Cases: one complaint's facts, numbers, deadlines and lists. What happens to a case is in its thread."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from complaints.claim import Claim
from complaints.states import ENDED, OPEN
from csms.errors import NotFound
from csms.kit.db import Conn, Row


@dataclass(frozen=True, slots=True)
class Case:
    """A row of `complaints`, as it stands. Times are UTC."""

    number: str
    tracking: str
    filed_at: datetime
    filed_by: str
    state: str
    round: int
    channel: str
    text: str
    language: str
    category: str
    topic: str
    level: int
    department: str
    classification: Mapping[str, Any]
    customer_name: str | None
    customer_phone: str | None
    customer_email: str | None
    customer_token: str | None
    customer_plate: str | None
    station: str | None
    evse: int | None
    occurred_at: datetime | None
    payment_reference: str | None
    order_ref: str | None
    amount_disputed: Decimal | None
    currency: str | None
    expectation: str | None
    owner: str | None
    matched_station: str | None
    matched_evse: int | None
    matched: str | None
    version: int
    verdict: str | None
    confirmed_at: datetime | None
    closed_at: datetime | None
    close_reason: str | None
    updated_at: datetime
    submitted_at: datetime | None = None
    zone: str | None = None
    calendar: str | None = None
    site: str | None = None
    region: str | None = None
    fault_level: int | None = None
    account: str | None = None
    priority: int = 0
    affected: int = 1
    predicted_s: int | None = None
    liability: str | None = None
    merged_into: str | None = None
    incident: int | None = None
    pseudonymous: bool = False
    nature: str = "other"

    @property
    def is_open(self) -> bool:
        return self.state not in ENDED

    @property
    def claim(self) -> Claim:
        """The case as the rules read it."""
        return Claim(
            number=self.number, channel=self.channel, text=self.text, language=self.language, category=self.category,
            topic=self.topic, level=self.level, filed_at=self.filed_at, station=self.station, evse=self.evse,
            occurred_at=self.occurred_at, payment_reference=self.payment_reference, order=self.order_ref,
            amount_disputed=self.amount_disputed, currency=self.currency, expectation=self.expectation,
            token=self.customer_token, phone=self.customer_phone, email=self.customer_email,
            plate=self.customer_plate,
        )

    @property
    def where(self) -> str | None:
        """The station to act on: the one the evidence led to, else the one named."""
        return self.matched_station or self.station


COLUMNS = tuple(f.name for f in fields(Case))


def of_row(row: Mapping[str, Any] | Row) -> Case:
    values = dict(row)
    return Case(**values | {"matched": str(values["matched"]) if values["matched"] else None})


def number_for(filed_at: datetime, n: int, zone: str) -> str:
    """C20261122-000001: the day in the site's zone, and the place within the day."""
    return f"C{filed_at.astimezone(ZoneInfo(zone)):%Y%m%d}-{n:06d}"


# --- filing -----------------------------------------------------------------------------------

NEXT_NUMBER = """
    insert into complaint_numbers (day, last) values ($1, 1)
    on conflict (day) do update set last = complaint_numbers.last + 1 returning last
"""


async def allocate_number(conn: Conn, filed_at: datetime, zone: str) -> str:
    """Unique, ordered, without gaps: the day's row stays locked until the filing is committed."""
    day = filed_at.astimezone(ZoneInfo(zone)).date()
    return number_for(filed_at, await conn.fetchval(NEXT_NUMBER, day), zone)


def new_tracking() -> str:
    """128 random bits in words a URL can carry: nobody guesses another's case."""
    return secrets.token_urlsafe(16)


FILE = """
    insert into complaints (number, tracking, filed_at, filed_by, state, channel, text, language, category, topic,
        level, department, classification, customer_name, customer_phone, customer_email, customer_token,
        customer_plate, station, evse, occurred_at, payment_reference, order_ref, amount_disputed, currency,
        expectation, submitted_at, zone, calendar, site, region, fault_level, account, nature, assess_after,
        updated_at)
    values ($1, $2, $3::timestamptz, $4, 'received', $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17,
        $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33,
        $3::timestamptz + interval '5 seconds', $3::timestamptz)
"""


@dataclass(frozen=True, slots=True)
class Filing:
    """What a case starts from, validated and classified."""

    channel: str
    text: str
    language: str
    category: str
    topic: str
    level: int
    department: str
    classification: Mapping[str, Any]
    customer_name: str | None = None
    customer_phone: str | None = None
    customer_email: str | None = None
    customer_token: str | None = None
    customer_plate: str | None = None
    station: str | None = None
    evse: int | None = None
    occurred_at: datetime | None = None
    payment_reference: str | None = None
    order_ref: str | None = None
    amount_disputed: Decimal | None = None
    currency: str | None = None
    expectation: str | None = None
    submitted_at: datetime | None = None
    zone: str | None = None
    calendar: str | None = None
    site: str | None = None
    region: str | None = None
    fault_level: int | None = None
    account: str | None = None
    nature: str = "other"


async def open_case(conn: Conn, filing: Filing, *, by: str, now: datetime, zone: str) -> Case:
    """A new case in `received`. Runs inside the filing transaction: the day's number is locked until its end."""
    number = await allocate_number(conn, now, zone)
    values = (getattr(filing, name) for name in Filing.__slots__)
    await conn.execute(FILE, number, new_tracking(), now, by, *values)
    return await get(conn, number)


# --- reading ----------------------------------------------------------------------------------

GET = f"select {', '.join(COLUMNS)} from complaints where number = $1"
GET_LOCKED = f"select {', '.join(COLUMNS)} from complaints where number = $1 for update"
GET_TRACKED = f"select {', '.join(COLUMNS)} from complaints where tracking = $1"


async def get(conn: Conn, number: str) -> Case:
    row = await conn.fetchrow(GET, number)
    if row is None:
        raise NotFound(f"there is no complaint {number}")
    return of_row(row)


async def locked(conn: Conn, number: str) -> Case:
    """The case, until the end of the transaction nobody else's to move."""
    row = await conn.fetchrow(GET_LOCKED, number)
    if row is None:
        raise NotFound(f"there is no complaint {number}")
    return of_row(row)


async def tracked(conn: Conn, tracking: str) -> Case:
    """The case behind a customer's link. Raises NotFound."""
    row = await conn.fetchrow(GET_TRACKED, tracking)
    if row is None:
        raise NotFound("this link leads to no complaint")
    return of_row(row)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which cases a list shows. `states` empty: all."""

    states: tuple[str, ...] = ()
    level: int | None = None
    department: str | None = None
    station: str | None = None
    q: str | None = None
    owner: str | None = None


def states_of(text: str | None) -> tuple[str, ...]:
    """`open`, `ended`, or states with commas between."""
    groups = {"open": OPEN, "ended": ENDED}
    return tuple(state for word in (text or "").split(",") if word for state in groups.get(word, (word,)))


OPEN_AT = """
    select number from complaints
    where (station = $1 or matched_station = $1) and state = any($2::text[])
        and ($3::int is null or coalesce(evse, matched_evse) is null or coalesce(matched_evse, evse) = $3)
    order by number
"""


async def open_at(conn: Conn, station: str, evse: int | None = None) -> list[str]:
    """Numbers of the open cases about a station, or about one EVSE of it."""
    return [row["number"] for row in await conn.fetch(OPEN_AT, station, list(OPEN), evse)]


# --- correcting and owning --------------------------------------------------------------------

CORRECTABLE = (
    "language", "category", "topic", "level", "department", "customer_name", "customer_phone", "customer_email",
    "customer_token", "customer_plate", "station", "evse", "occurred_at", "payment_reference", "order_ref",
    "amount_disputed", "currency", "expectation", "nature",
)
CORRECT = f"""
    update complaints set {', '.join(f'{name} = ${n}' for n, name in enumerate(CORRECTABLE, 2))}, reassess = true
    where number = $1
"""


async def correct(conn: Conn, case: Case, changes: Mapping[str, Any]) -> None:
    """Overwrite what was wrong; the thread keeps what stood there before."""
    await conn.execute(CORRECT, case.number, *(changes.get(name, getattr(case, name)) for name in CORRECTABLE))


OWN = "update complaints set owner = $2, department = coalesce($3, department) where number = $1"
DISOWN = "update complaints set owner = null where number = $1"
RAISE = "update complaints set level = $2 where number = $1"
LIABLE = "update complaints set liability = coalesce($2, liability) where number = $1"
CONFIRM = "update complaints set confirmed_at = $2 where number = $1"
END = "update complaints set closed_at = $2, close_reason = $3 where number = $1"
BEGIN_ROUND = """
    update complaints set confirmed_at = null, closed_at = null, close_reason = null, reassess = true where number = $1
"""


async def own(conn: Conn, number: str, owner: str, department: str | None = None) -> None:
    await conn.execute(OWN, number, owner, department)


async def disown(conn: Conn, number: str) -> None:
    await conn.execute(DISOWN, number)


async def raise_level(conn: Conn, number: str, level: int) -> None:
    await conn.execute(RAISE, number, level)


async def note_liability(conn: Conn, number: str, who: str | None) -> None:
    await conn.execute(LIABLE, number, who)


async def note_confirmed(conn: Conn, number: str, now: datetime) -> None:
    await conn.execute(CONFIRM, number, now)


async def note_closed(conn: Conn, number: str, now: datetime, reason: str) -> None:
    await conn.execute(END, number, now, reason)


async def begin_round(conn: Conn, number: str) -> None:
    """A second review starts without the first round's confirmation."""
    await conn.execute(BEGIN_ROUND, number)


# --- assessing later --------------------------------------------------------------------------

TO_ASSESS = """
    select number from complaints where reassess and assess_after <= $1 order by assess_after limit 50
"""
ASSESS_LATER = """
    update complaints set reassess = true, assess_after = $2, news_at = $2,
        assess_because = coalesce($3, assess_because)
    where number = $1
"""


async def to_assess(conn: Conn, now: datetime) -> list[str]:
    """Cases whose evidence is to be judged, or judged anew."""
    return [row["number"] for row in await conn.fetch(TO_ASSESS, now)]


async def assess_later(conn: Conn, number: str, at: datetime, because: str | None = None) -> None:
    await conn.execute(ASSESS_LATER, number, at, because)


EARLIER_TOKENS = """
    select customer_token as token, matched from complaints
    where number < $1 and (customer_phone = $2 or customer_email = $3 or customer_plate = $4)
        and (customer_token is not null or matched is not null)
    order by number desc limit 10
"""


async def earlier(conn: Conn, case: Case) -> tuple[list[str], list[str]]:
    """(tokens, transactions) of the same person's earlier cases, the newest first."""
    rows = await conn.fetch(
        EARLIER_TOKENS, case.number, case.customer_phone, case.customer_email, case.customer_plate
    )
    return [r["token"] for r in rows if r["token"]], [str(r["matched"]) for r in rows if r["matched"]]
