"""Transactions: when charging started, when it ended, how much was delivered, and what is odd about it.

Stations lose starts, repeat stops, name ids that never were and speak days later. Whatever they say
is stored and answered; doubt becomes a code in `suspect`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from csms.errors import NotFound
from csms.kit.db import Conn, Row
from csms.vocabulary import Transaction, TransactionEnded, TransactionStarted, TransactionUpdated
from csms.vocabulary.heard import Heard, Notes, device_time, record_id

Said = TransactionStarted | TransactionUpdated | TransactionEnded

ROUNDING_WH = 5
"""Registers kept in kWh stop a few Wh before they started (lbbrhzn#1810): rounding, not a lie."""

FIELDS = (
    "id", "station", "evse", "connector", "number", "reference", "token", "token_type", "token_status", "started_at",
    "start_received_at", "said_start_at", "meter_start_wh", "stopped_at", "stop_received_at", "meter_stop_wh",
    "stop_reason", "stop_trigger", "stop_token", "state", "offline", "remote_start_id", "charging_state", "suspect",
    "start_seq", "stop_seq",
)

LOAD = """
    select * from transactions
    where station = any($1::text[])
      and (state = 'open' or number = any($2::int[]) or reference = any($3::text[]))
    order by started_at, id
"""

STORE = f"""
    insert into transactions ({", ".join(FIELDS)})
    select id, station, evse, connector, number, reference, token, token_type, token_status, started_at,
        start_received_at, said_start_at, meter_start_wh, stopped_at, stop_received_at, meter_stop_wh,
        stop_reason, stop_trigger, stop_token, state, offline, remote_start_id, charging_state,
        coalesce(string_to_array(nullif(suspect, ''), ','), '{{}}'), start_seq, stop_seq
    from unnest($1::uuid[], $2::text[], $3::int[], $4::int[], $5::int[], $6::text[], $7::text[], $8::text[], $9::text[],
        $10::timestamptz[], $11::timestamptz[], $12::timestamptz[], $13::float8[], $14::timestamptz[],
        $15::timestamptz[], $16::float8[], $17::text[], $18::text[], $19::text[], $20::text[], $21::boolean[],
        $22::int[], $23::text[], $24::text[], $25::bigint[], $26::bigint[]) as t ({", ".join(FIELDS)})
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


@dataclass(slots=True)
class Record:
    """A transaction's row while a batch is being written."""

    id: str
    station: str
    started_at: datetime
    start_received_at: datetime
    evse: int | None = None
    connector: int | None = None
    number: int | None = None
    reference: str | None = None
    token: str | None = None
    token_type: str | None = None
    token_status: str | None = None
    said_start_at: datetime | None = None
    meter_start_wh: float | None = None
    stopped_at: datetime | None = None
    stop_received_at: datetime | None = None
    meter_stop_wh: float | None = None
    stop_reason: str | None = None
    stop_trigger: str | None = None
    stop_token: str | None = None
    state: str = "open"
    offline: bool = False
    remote_start_id: int | None = None
    charging_state: str | None = None
    suspect: list[str] = field(default_factory=list)
    start_seq: int | None = None
    stop_seq: int | None = None

    @property
    def said(self) -> str:
        return self.reference if self.reference is not None else str(self.number)

    def doubt(self, code: str) -> None:
        if code not in self.suspect:
            self.suspect.append(code)


@dataclass(slots=True)
class Known:
    """What is on record about the stations of a batch: their open transactions and those they name."""

    records: dict[str, list[Record]]
    changed: dict[str, Record] = field(default_factory=dict)

    def of(self, station: str) -> list[Record]:
        return self.records.setdefault(station, [])

    def add(self, record: Record) -> Record:
        self.of(record.station).append(record)
        return self.touch(record)

    def touch(self, record: Record) -> Record:
        self.changed[record.id] = record
        return record


# --- rules ------------------------------------------------------------------------------------------


def is_same_start(record: Record, said: TransactionStarted) -> bool:
    """A start heard again, perhaps under a new message id (MicroOcpp#237, mobilityhouse#186)."""
    return (
        record.state == "open"
        and record.reference is None
        and (record.evse, record.token, record.said_start_at, record.meter_start_wh)
        == (said.evse, said.token, said.at, said.meter_wh)
        and said.at is not None
    )


def begin(
    known: Known, heard: Heard[TransactionStarted], number: int | None, token_status: str, notes: Notes
) -> Record:
    """A 1.6 start: the one already open when it is heard again, otherwise a new one."""
    said = heard.said
    for record in known.of(heard.station):
        if is_same_start(record, said):
            if record.number is None and number is not None:
                record.number = number
                record.suspect.remove("start_unanswered")
                known.touch(record)
            return record
    record = _new(heard, evse=said.evse, connector=said.connector, number=number)
    record.said_start_at, record.meter_start_wh = said.at, said.meter_wh
    record.token, record.token_type, record.token_status = said.token, said.token_type, token_status
    if number is None:  # history: it was never answered, or with a CALLERROR; the car may have charged all the same
        record.doubt("start_unanswered")
    _supersede(known, record, heard, notes)
    notes.event("transaction.started", heard.station, record.id)
    return known.add(record)


def _new(heard: Heard[Any], **fields: Any) -> Record:
    said: Said = heard.said
    at = device_time(said.at, heard.received_at)
    record = Record(
        id=record_id("transaction", heard.station, heard.seq), station=heard.station, started_at=at,
        start_received_at=heard.received_at, start_seq=heard.seq, offline=said.offline, **fields,
    )
    if said.at is not None and at != said.at:
        record.doubt("clock_unset")
    elif at > heard.received_at + timedelta(days=1):
        record.doubt("clock_ahead")
    return record


def _supersede(known: Known, new: Record, heard: Heard[Any], notes: Notes) -> None:
    """A start on a plug whose last transaction has no stop: that one is over, its end is not known."""
    for record in known.of(new.station):
        if record.state == "open" and record.evse is not None and record.evse == new.evse:
            record.state = "closed"
            record.doubt("stop_missing")
            known.touch(record)
            notes.suspect(heard, "stop_missing", record.id, superseded_by=new.id)
            notes.event("transaction.ended", record.station, record.id, stop_missing=True)


def end(known: Known, heard: Heard[TransactionEnded], notes: Notes) -> Record:
    """A 1.6 stop: of the transaction it names, else of the one it must mean, else an orphan."""
    said = heard.said
    record = _named(known, heard.station, said.number) or _meant(known, heard, notes)
    if record is None:
        record = _new(heard, number=said.number if (said.number or 0) > 0 else None, token=said.token)
        record.doubt("orphan_stop")
        notes.suspect(heard, "orphan_stop", record.id, named=said.number)
        known.add(record)
    elif record.stop_received_at is not None:
        return _stopped_again(known, record, heard, notes)
    return _stop(known, record, heard, notes)


def _named(known: Known, station: str, number: int | None) -> Record | None:
    named = [r for r in known.of(station) if number is not None and r.number == number]
    return next((r for r in reversed(named) if r.state == "open"), named[-1] if named else None)


def _meant(known: Known, heard: Heard[TransactionEnded], notes: Notes) -> Record | None:
    """Id 0, -1 or one we never gave (libocpp#495): the single open transaction that its card and meter fit."""
    said = heard.said
    fits = [
        r for r in known.of(heard.station)
        if r.state == "open" and r.reference is None
        and (said.token is None or r.token is None or said.token == r.token)
        and (said.meter_wh is None or r.meter_start_wh is None or said.meter_wh >= r.meter_start_wh - ROUNDING_WH)
    ]
    if len(fits) != 1:
        return None
    fits[0].doubt("stop_id_unknown")
    notes.suspect(heard, "stop_id_unknown", fits[0].id, named=said.number)
    return fits[0]


def _stop(known: Known, record: Record, heard: Heard[TransactionEnded], notes: Notes) -> Record:
    said = heard.said
    if record.state == "closed" and "stop_missing" in record.suspect:
        record.suspect.remove("stop_missing")
        record.doubt("stop_late")
    record.state = "closed"
    record.stopped_at = device_time(said.at, heard.received_at)
    record.stop_received_at, record.stop_seq = heard.received_at, heard.seq
    record.meter_stop_wh = said.meter_wh if said.meter_wh is not None else record.meter_stop_wh
    record.stop_reason, record.stop_trigger, record.stop_token = said.reason, said.trigger, said.token
    record.charging_state = said.charging_state or record.charging_state
    record.offline = record.offline or said.offline
    _doubt_the_end(record, heard, notes)
    notes.event("transaction.ended", record.station, record.id)
    return known.touch(record)


def _doubt_the_end(record: Record, heard: Heard[TransactionEnded], notes: Notes) -> None:
    if heard.said.at is not None and record.stopped_at != heard.said.at:
        record.doubt("clock_unset")
    if record.stopped_at is not None and record.stopped_at < record.started_at:
        record.doubt("time_backwards")
        notes.suspect(heard, "time_backwards", record.id)
    if record.meter_stop_wh is not None and record.meter_start_wh is not None:
        difference = record.meter_stop_wh - record.meter_start_wh
        if difference < -ROUNDING_WH:
            record.doubt("energy_negative")
            notes.suspect(heard, "energy_negative", record.id, wh=difference)


def _stopped_again(known: Known, record: Record, heard: Heard[TransactionEnded], notes: Notes) -> Record:
    """A stop heard again changes nothing; one that says otherwise may only add energy and a reason."""
    said = heard.said
    same = (said.meter_wh, device_time(said.at, heard.received_at)) == (record.meter_stop_wh, record.stopped_at)
    if same or said.at is None:
        return record
    record.doubt("stop_repeated")
    notes.suspect(heard, "stop_repeated", record.id, meter_wh=said.meter_wh, reason=said.reason)
    if said.meter_wh is not None and said.meter_wh > (record.meter_stop_wh or 0):
        record.meter_stop_wh = said.meter_wh
    record.stop_reason = record.stop_reason or said.reason
    return known.touch(record)


def follow(known: Known, heard: Heard[Any], token_status: str | None, notes: Notes) -> Record:
    """A 2.x TransactionEvent, whatever order it comes in (E01 to E08)."""
    said: Said = heard.said
    record = next((r for r in known.of(heard.station) if r.reference == said.reference), None)
    if record is None:
        record = _new(heard, reference=said.reference, evse=said.evse, connector=said.connector)
        if not isinstance(said, TransactionStarted):
            record.doubt("start_missing")
            notes.suspect(heard, "start_missing", record.id)
        _supersede(known, record, heard, notes)
        notes.event("transaction.started", heard.station, record.id)
        known.add(record)
    elif record.stop_received_at is not None and not isinstance(said, TransactionEnded):
        record.doubt("event_after_end")
    _fill(record, said, token_status)
    match said:
        case TransactionStarted():
            _started(record, heard, said)
        case TransactionEnded() if record.stop_received_at is not None:
            return _stopped_again(known, record, heard, notes)
        case TransactionEnded():
            return _stop(known, record, heard, notes)
        case TransactionUpdated():
            if record.meter_start_wh is None:
                record.meter_start_wh = next((r.energy_wh for r in said.readings if r.energy_wh is not None), None)
    return known.touch(record)


def _fill(record: Record, said: Said, token_status: str | None) -> None:
    """Events leave out what an earlier one has said: nothing known is overwritten by nothing."""
    record.evse = record.evse if record.evse is not None else said.evse
    record.connector = record.connector if record.connector is not None else said.connector
    if said.token is not None and record.token is None:
        record.token, record.token_type = said.token, said.token_type
    record.token_status = token_status or record.token_status
    if not isinstance(said, TransactionEnded):
        record.remote_start_id = record.remote_start_id or said.remote_start_id
        if record.stop_received_at is None:
            record.charging_state = said.charging_state or record.charging_state


def _started(record: Record, heard: Heard[Any], said: TransactionStarted) -> None:
    if "start_missing" in record.suspect:  # it was only late
        record.suspect.remove("start_missing")
        record.doubt("start_late")
        record.start_seq, record.start_received_at = heard.seq, heard.received_at
    record.said_start_at = said.at
    record.started_at = device_time(said.at, heard.received_at)
    record.meter_start_wh = said.meter_wh if said.meter_wh is not None else record.meter_start_wh


# --- rows -------------------------------------------------------------------------------------------


async def load(conn: Conn, heards: Sequence[Heard[Any]]) -> Known:
    """What the rules need to know about the stations of a batch: one query."""
    numbers = [h.said.number for h in heards if isinstance(h.said, TransactionEnded) and h.said.number is not None]
    references = [h.said.reference for h in heards if h.said.reference is not None]
    stations = sorted({h.station for h in heards})
    known = Known({})
    for row in await conn.fetch(LOAD, stations, numbers, references):
        known.of(row["station"]).append(_record(row))
    return known


def _record(row: Row) -> Record:
    values = {name: row[name] for name in FIELDS}
    return Record(**values | {"id": str(row["id"]), "suspect": list(row["suspect"])})


async def store(conn: Conn, known: Known) -> None:
    if known.changed:
        rows = [_values(record) for record in known.changed.values()]
        await conn.execute(STORE, *zip(*rows, strict=True))


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
    energy = _energy(row["meter_start_wh"], row["meter_stop_wh"])
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


def _energy(start: float | None, stop: float | None) -> float | None:
    """The register difference in Wh; a few Wh below zero are rounding."""
    if start is None or stop is None:
        return None
    return 0.0 if -ROUNDING_WH <= stop - start < 0 else stop - start


def with_last_reading(transaction: Transaction, register_wh: float | None) -> Transaction:
    """Without a stop value the last register heard tells how far it came."""
    if transaction.energy_wh is not None or register_wh is None or transaction.meter_start_wh is None:
        return transaction
    return replace(transaction, energy_wh=_energy(transaction.meter_start_wh, register_wh))


async def steps_between(conn: Conn, station: str, since: datetime, until: datetime) -> list[Row]:
    return list(await conn.fetch(STEPS, station, since, until))
