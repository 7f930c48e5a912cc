"""The rows of transactions and of their steps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from csms.errors import NotFound
from csms.kit.db import Conn, Row
from csms.transactions.energy import difference
from csms.transactions.rules import Known, Record, Said
from csms.vocabulary import Transaction, TransactionEnded, TransactionStarted, TransactionUpdated
from csms.vocabulary.heard import Heard, Notes, device_time

FIELDS = (
    "id", "station", "evse", "connector", "number", "reference", "token", "token_type", "token_status", "started_at",
    "start_received_at", "said_start_at", "meter_start_wh", "stopped_at", "stop_received_at", "meter_stop_wh",
    "stop_reason", "stop_trigger", "stop_token", "state", "offline", "remote_start_id", "charging_state", "suspect",
    "start_seq", "stop_seq", "last_seq_no",
)

LOAD = """
    select * from transactions
    where station = any($1::text[])
      and (state = 'open' or number = any($2::int[]) or reference = any($3::text[])
           or started_at = any($4::timestamptz[]))
    order by started_at, id
"""

OFFSETS = """
    select id, clock_offset_s from stations where id = any($1::text[]) and clock_offset_s is not null
"""

SEQ_NOS = """
    select station, said, array_agg(distinct seq_no) as numbers from steps
    where station = any($1::text[]) and said = any($2::text[]) group by station, said
"""

STORE = f"""
    insert into transactions ({", ".join(FIELDS)})
    select id, station, evse, connector, number, reference, token, token_type, token_status, started_at,
        start_received_at, said_start_at, meter_start_wh, stopped_at, stop_received_at, meter_stop_wh,
        stop_reason, stop_trigger, stop_token, state, offline, remote_start_id, charging_state,
        coalesce(string_to_array(nullif(suspect, ''), ','), '{{}}'), start_seq, stop_seq, last_seq_no
    from unnest($1::uuid[], $2::text[], $3::int[], $4::int[], $5::int[], $6::text[], $7::text[], $8::text[], $9::text[],
        $10::timestamptz[], $11::timestamptz[], $12::timestamptz[], $13::float8[], $14::timestamptz[],
        $15::timestamptz[], $16::float8[], $17::text[], $18::text[], $19::text[], $20::text[], $21::boolean[],
        $22::int[], $23::text[], $24::text[], $25::bigint[], $26::bigint[], $27::int[]) as t ({", ".join(FIELDS)})
    on conflict (id) do update set
        {", ".join(f"{name} = excluded.{name}" for name in FIELDS if name != "id")}
"""

KEEP_STEPS = """
    insert into steps (station, said, seq_no, type, at, received_at, trigger, charging_state, offline, token, seq)
    select * from unnest($1::text[], $2::text[], $3::int[], $4::text[], $5::timestamptz[], $6::timestamptz[],
        $7::text[], $8::text[], $9::boolean[], $10::text[], $11::bigint[])
    on conflict do nothing
"""

NUMBERS = "select nextval('transaction_numbers')::int as number from generate_series(1, $1)"

# History brings its own numbers; ours go on above them, as long as they leave room.
SKIP_NUMBERS = """
    select setval('transaction_numbers', $1) from transaction_numbers where last_value < $1 and $1 < 2000000000
"""

DOUBT_RUNNING = """
    update transactions set suspect = array_append(suspect, 'stop_lost')
    where station = $1 and (reference = $2 or number::text = $2) and state = 'open' and not 'stop_lost' = any(suspect)
    returning id
"""

BY_ID = "select * from transactions where id = $1::uuid"
BY_IDS = "select * from transactions where id = any($1::uuid[])"

BY_STATION = """
    select * from transactions
    where station = $1 and started_at < $3 and coalesce(stopped_at, started_at) >= $2 order by started_at, id
"""

# Open transactions began whenever they began; without a stop time only the start can be tested.
BY_TOKENS = """
    select * from transactions where token = any($1::text[]) and started_at >= $2 and started_at < $3
    order by started_at, id
"""

LIST = """
    select * from transactions
    where ($1::text is null or station = $1) and ($2::timestamptz is null or started_at >= $2)
      and ($3::timestamptz is null or started_at < $3) and ($4::text is null or token = $4)
      and ($5::text is null or state = $5) and ($6::timestamptz is null or (started_at, id) < ($6, $7::uuid))
    order by started_at desc, id desc limit $8
"""

OPEN_AT = "select * from transactions where station = $1 and state = 'open' order by started_at"

STEPS = "select * from steps where station = $1 and at >= $2 and at < $3 order by at, seq"

BY_SAID = """
    select * from transactions
    where station = $1 and (reference = $2 or number::text = $2) order by state = 'open' desc, started_at desc limit 1
"""


# --- rows -------------------------------------------------------------------------------------------


async def load(conn: Conn, heards: Sequence[Heard[Any]]) -> Known:
    """What the rules need to know about the stations of a batch: one query, and the clocks of those who speak 1.6."""
    numbers = [h.said.number for h in heards if isinstance(h.said, TransactionEnded) and h.said.number is not None]
    references = [h.said.reference for h in heards if h.said.reference is not None]
    times = [h.said.at for h in heards if h.said.reference is None and h.said.at is not None]
    stations = sorted({h.station for h in heards})
    known = Known({})
    for row in await conn.fetch(LOAD, stations, numbers, references, times):
        known.of(row["station"]).append(_record(row))
    if numbered := [h.station for h in heards if h.said.reference is None]:
        known.offsets = {row["id"]: row["clock_offset_s"] for row in await conn.fetch(OFFSETS, numbered)}
    return known


def is_whole(numbers: Sequence[int]) -> bool:
    """Whether nothing is left out between the first and the last."""
    return bool(numbers) and len(set(numbers)) == max(numbers) - min(numbers) + 1


def _record(row: Row) -> Record:
    values = {name: row[name] for name in FIELDS}
    return Record(
        **values | {"id": str(row["id"]), "suspect": list(row["suspect"])}, doubted=tuple(row["suspect"])
    )


async def store(conn: Conn, known: Known) -> list[tuple[str, str]]:
    """Write what has changed; the steps are written by then, so that it shows which gaps they have filled.

    Gives (station, code) of every doubt that is new.
    """
    if known.filled:
        stations, names = [r.station for r in known.filled], [r.said for r in known.filled]
        numbers = {(row["station"], row["said"]): row["numbers"] for row in await conn.fetch(SEQ_NOS, stations, names)}
        for record in known.filled:
            if is_whole(numbers.get((record.station, record.said), ())):
                record.clear("seq_gap")
                known.touch(record)
    if known.changed:
        rows = [_values(record) for record in known.changed.values()]
        await conn.execute(STORE, *zip(*rows, strict=True))
    return [(r.station, code) for r in known.changed.values() for code in r.suspect if code not in r.doubted]


def _values(record: Record) -> tuple[Any, ...]:
    return tuple(",".join(record.suspect) if name == "suspect" else getattr(record, name) for name in FIELDS)


async def allot_numbers(conn: Conn, count: int) -> list[int]:
    return [row["number"] for row in await conn.fetch(NUMBERS, count)] if count else []


async def skip_numbers(conn: Conn, numbers: Iterable[int]) -> None:
    if highest := max(numbers, default=0):
        await conn.execute(SKIP_NUMBERS, highest)


async def keep_steps(conn: Conn, heards: Sequence[Heard[Any]]) -> None:
    """The trail of 2.x events: gaps in seqNo, replay and charging states are read off it."""
    rows = [_step(h) for h in heards if h.said.reference is not None and h.said.seq_no is not None]
    if rows:
        await conn.execute(KEEP_STEPS, *zip(*rows, strict=True))


STEP_TYPES: Mapping[type[Any], str] = {
    TransactionStarted: "Started", TransactionUpdated: "Updated", TransactionEnded: "Ended"
}


def _step(heard: Heard[Any]) -> tuple[Any, ...]:
    said: Said = heard.said
    return (
        heard.station, said.reference, said.seq_no, STEP_TYPES[type(said)], device_time(said.at, heard.received_at),
        heard.received_at, said.trigger, said.charging_state, said.offline, said.token, heard.seq,
    )


async def doubt_running(
    conn: Conn, station: str, said: str, at: datetime, seq: int, notes: Notes
) -> None:
    """The station itself says that it neither runs nor waits to be told of: its end was lost (2.0.1 E14)."""
    row = await conn.fetchrow(DOUBT_RUNNING, station, said)
    if row:
        notes.suspects.append((station, str(row["id"]), "stop_lost", at, seq, {}))
        notes.rules.append((station, "stop_lost", at))


async def find(conn: Conn, id: str) -> Transaction:
    """Raises NotFound."""
    row = await conn.fetchrow(BY_ID, id)
    if row is None:
        raise NotFound(f"no transaction {id}")
    return fact(row)


async def named(conn: Conn, station: str, said: str) -> Transaction | None:
    """By number or reference, the open one first."""
    row = await conn.fetchrow(BY_SAID, station, said)
    return fact(row) if row else None


async def by_ids(conn: Conn, ids: Sequence[str]) -> list[Transaction]:
    return [fact(row) for row in await conn.fetch(BY_IDS, list(ids))]


async def at_station(conn: Conn, station: str, since: datetime, until: datetime) -> list[Transaction]:
    return [fact(row) for row in await conn.fetch(BY_STATION, station, since, until)]


async def open_at(conn: Conn, station: str) -> list[Transaction]:
    return [fact(row) for row in await conn.fetch(OPEN_AT, station)]


async def of_tokens(conn: Conn, tokens: Sequence[str], since: datetime, until: datetime) -> list[Transaction]:
    return [fact(row) for row in await conn.fetch(BY_TOKENS, list(tokens), since, until)]


async def search(
    conn: Conn, *, station: str | None = None, since: datetime | None = None, until: datetime | None = None,
    token: str | None = None, state: str | None = None, after: tuple[datetime, str] | None = None, limit: int = 100,
) -> list[Transaction]:
    """Newest first; `after` is (started_at, id) of the last one seen."""
    at, id = after or (None, None)
    return [fact(row) for row in await conn.fetch(LIST, station, since, until, token, state, at, id, limit)]


def fact(row: Row) -> Transaction:
    energy = difference(row["meter_start_wh"], row["meter_stop_wh"])
    frame = row["station"] + ":{}"
    return Transaction(
        id=str(row["id"]), station=row["station"], evse=row["evse"], connector=row["connector"], number=row["number"],
        reference=row["reference"], token=row["token"], started_at=row["started_at"],
        start_received_at=row["start_received_at"], stopped_at=row["stopped_at"],
        stop_received_at=row["stop_received_at"], meter_start_wh=row["meter_start_wh"],
        meter_stop_wh=row["meter_stop_wh"], energy_wh=energy, stop_reason=row["stop_reason"],
        stop_trigger=row["stop_trigger"], stop_token=row["stop_token"], state=row["state"], offline=row["offline"],
        token_status=row["token_status"], remote_start_id=row["remote_start_id"],
        charging_state=row["charging_state"], suspect=tuple(row["suspect"]),
        start_frame=frame.format(row["start_seq"]) if row["start_seq"] else None,
        stop_frame=frame.format(row["stop_seq"]) if row["stop_seq"] else None,
    )


async def steps_between(conn: Conn, station: str, since: datetime, until: datetime) -> list[Row]:
    return list(await conn.fetch(STEPS, station, since, until))
