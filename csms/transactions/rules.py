"""What a start, an event and a stop make of a transaction, in whatever order stations say them. Pure.

Stations lose starts, repeat stops, name ids that never were and speak days later. Whatever they say
is stored and answered; doubt becomes a code in `suspect`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from csms.vocabulary import TransactionEnded, TransactionStarted, TransactionUpdated
from csms.vocabulary.heard import Heard, Notes, device_time, record_id

Said = TransactionStarted | TransactionUpdated | TransactionEnded

ROUNDING_WH = 5
"""Registers kept in kWh stop a few Wh before they started (lbbrhzn#1810): rounding, not a lie."""

AHEAD = timedelta(minutes=10)
LATE = timedelta(minutes=5)
"""A 1.6 start that comes later than this, by a clock known to be right, was kept while the station was offline."""
ZONES = timedelta(hours=14)
QUARTER = timedelta(minutes=15)


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
    last_seq_no: int | None = None
    doubted: tuple[str, ...] = ()
    """What `suspect` held before this batch."""

    @property
    def said(self) -> str:
        return self.reference if self.reference is not None else str(self.number)

    def doubt(self, code: str) -> None:
        if code not in self.suspect:
            self.suspect.append(code)

    def clear(self, code: str) -> None:
        if code in self.suspect:
            self.suspect.remove(code)


@dataclass(slots=True)
class Known:
    """What is on record about the stations of a batch: their open transactions and those they name."""

    records: dict[str, list[Record]]
    changed: dict[str, Record] = field(default_factory=dict)
    offsets: Mapping[str, float] = field(default_factory=dict)
    """Station -> seconds its clock is ahead, where that is known."""
    filled: list[Record] = field(default_factory=list)
    """Those with a gap in their events, of which a late event may have filled the last."""

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
        record.reference is None
        and record.start_seq is not None
        and (record.evse, record.token, record.said_start_at, record.meter_start_wh)
        == (said.evse, said.token, said.at, said.meter_wh)
        and said.at is not None
    )


def begin(
    known: Known, heard: Heard[TransactionStarted], number: int | None, token_status: str, notes: Notes
) -> Record:
    """A 1.6 start: the one heard already when it comes again, otherwise a new one.

    Again after its own stop it is no repetition of ours to swallow: a new one, and suspect (steve#1294).
    """
    said = heard.said
    again = [record for record in known.of(heard.station) if is_same_start(record, said)]
    for record in again:
        if record.stop_received_at is None:
            if record.number is None and number is not None:
                record.number = number
                record.clear("start_unanswered")
                known.touch(record)
            notes.rule(heard, "start_heard_again")
            return record
    record = _new(heard, known, evse=said.evse, connector=said.connector, number=number)
    record.said_start_at, record.meter_start_wh = said.at, said.meter_wh
    record.token, record.token_type, record.token_status = said.token, said.token_type, token_status
    if number is None:  # history: it was never answered, or with a CALLERROR; the car may have charged all the same
        record.doubt("start_unanswered")
    if again:
        record.doubt("start_repeated")
        notes.suspect(heard, "start_repeated", record.id, earlier=again[0].id)
    _supersede(known, record, heard, notes)
    notes.event("transaction.started", heard.station, record.id)
    return known.add(record)


def _new(heard: Heard[Any], known: Known, **fields: Any) -> Record:
    said: Said = heard.said
    at = device_time(said.at, heard.received_at)
    offset = timedelta(seconds=known.offsets.get(heard.station, 0.0))
    late = heard.station in known.offsets and heard.received_at - (at - offset) > LATE
    record = Record(
        id=record_id("transaction", heard.station, heard.seq), station=heard.station, started_at=at,
        start_received_at=heard.received_at, start_seq=heard.seq, offline=said.offline or late, **fields,
    )
    if said.at is not None and at != said.at:
        record.doubt("clock_unset")
    elif doubt := clock_doubt(at - heard.received_at, offset):
        record.doubt(doubt)
    return record


def clock_doubt(ahead: timedelta, offset: timedelta) -> str | None:
    """A time before it has come, or a clock known to be off by whole zones: local time with a Z (steve#136)."""
    known = offset if abs(offset) > AHEAD else ahead if ahead > AHEAD else None
    if known is None:
        return None
    quarters = round(known / QUARTER)
    in_a_zone = abs(known) <= ZONES and quarters % 2 == 0 and abs(known - quarters * QUARTER) < timedelta(minutes=2)
    if in_a_zone:
        return "clock_local"
    return "clock_ahead" if known > timedelta(0) else None


def _supersede(known: Known, new: Record, heard: Heard[Any], notes: Notes) -> None:
    """A start on a plug whose last transaction has no stop: that one is over, its end is not known.

    One that began later than the new one is not over: the new one is old news from an offline spell, and
    its stop is on the way.
    """
    for record in known.of(new.station):
        if record.state != "open" or record.evse is None or record.evse != new.evse:
            continue
        if record.started_at > new.started_at:
            new.doubt("start_out_of_order")
            notes.suspect(heard, "start_out_of_order", new.id, later=record.id)
            continue
        record.state = "closed"
        record.doubt("stop_missing")
        known.touch(record)
        notes.suspect(heard, "stop_missing", record.id, superseded_by=new.id)
        notes.event("transaction.ended", record.station, record.id, stop_missing=True)


def end(known: Known, heard: Heard[TransactionEnded], notes: Notes) -> Record:
    """A 1.6 stop: of the transaction it names, else of the one it must mean, else an orphan."""
    said = heard.said
    record = _named(known, heard.station, said.number)
    if record is None or record.stop_received_at is not None:
        meant = _meant(known, heard, record, notes)
        record = meant or record or _same_orphan(known, heard)
    if record is None:
        record = _new(heard, known, number=said.number if (said.number or 0) > 0 else None, token=said.token)
        record.doubt("orphan_stop")
        notes.suspect(heard, "orphan_stop", record.id, named=said.number)
        known.add(record)
    elif record.stop_received_at is not None:
        return _stopped_again(known, record, heard, notes)
    return _stop(known, record, heard, notes)


def _named(known: Known, station: str, number: int | None) -> Record | None:
    named = [r for r in known.of(station) if number is not None and r.number == number]
    return next((r for r in reversed(named) if r.state == "open"), named[-1] if named else None)


def _meant(known: Known, heard: Heard[TransactionEnded], named: Record | None, notes: Notes) -> Record | None:
    """Id 0, -1, one we never gave (libocpp#495) or one that has ended: the open transaction that card and meter fit.

    A stop of one that has ended means another only if it says so: begun since, and a register beyond its own.
    """
    said = heard.said
    at = device_time(said.at, heard.received_at)
    fits = [
        r for r in known.of(heard.station)
        if r.state == "open" and r.reference is None and r.started_at <= at + timedelta(minutes=1)
        and (said.token is None or r.token is None or said.token == r.token)
        and (said.meter_wh is None or r.meter_start_wh is None or said.meter_wh >= r.meter_start_wh - ROUNDING_WH)
    ]
    if named is not None:
        fits = [
            r for r in fits
            if r.evse == named.evse and named.stopped_at is not None and at > max(named.stopped_at, r.started_at)
            and (said.meter_wh or 0) > (named.meter_stop_wh or 0)
        ]
    exact = [r for r in fits if said.token is not None and r.token == said.token]
    fits = exact or fits
    if len(fits) != 1:
        return None
    code = "stop_id_stale" if named is not None else "stop_id_unknown"
    fits[0].doubt(code)
    notes.suspect(heard, code, fits[0].id, named=said.number)
    return fits[0]


def _same_orphan(known: Known, heard: Heard[TransactionEnded]) -> Record | None:
    """An orphan heard again, every ten seconds if need be (METRON: OCPP.Core#31)."""
    said = heard.said
    if said.at is None or (said.number or 0) > 0:
        return None
    told = (said.at, said.meter_wh, said.token)
    orphans = [r for r in known.of(heard.station) if "orphan_stop" in r.suspect]
    return next((r for r in orphans if (r.stopped_at, r.meter_stop_wh, r.token) == told), None)


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
    if said.token and record.token and said.token != record.token and said.token.startswith(record.token):
        notes.rule(heard, "token_lengthened")
    record.charging_state = said.charging_state or record.charging_state
    record.offline = record.offline or said.offline
    _doubt_the_end(record, heard, notes)
    _doubt_the_place(known, record, heard, notes)
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


def _doubt_the_place(known: Known, record: Record, heard: Heard[TransactionEnded], notes: Notes) -> None:
    """Two at one plug at one time cannot both be as told."""
    for other in known.of(record.station):
        if other is record or record.evse is None or other.evse != record.evse or record.stopped_at is None:
            continue
        if record.started_at < other.started_at < record.stopped_at and other.state == "open":
            for one in (record, other):
                one.doubt("overlap")
                known.touch(one)
            notes.suspect(heard, "overlap", record.id, other=other.id)


def _stopped_again(known: Known, record: Record, heard: Heard[TransactionEnded], notes: Notes) -> Record:
    """A stop heard again changes nothing; one that says otherwise may only add energy and a reason."""
    said = heard.said
    same = (said.meter_wh, device_time(said.at, heard.received_at)) == (record.meter_stop_wh, record.stopped_at)
    if same or said.at is None:
        notes.rule(heard, "stop_heard_again")
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
        record = _new(heard, known, reference=said.reference, evse=said.evse, connector=said.connector)
        if not isinstance(said, TransactionStarted):
            record.doubt("start_missing")
            notes.suspect(heard, "start_missing", record.id)
        _supersede(known, record, heard, notes)
        notes.event("transaction.started", heard.station, record.id)
        known.add(record)
    elif record.stop_received_at is not None and not isinstance(said, TransactionEnded):
        record.doubt("event_after_end")
    _fill(record, said, token_status)
    _count(known, record, heard, notes)
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


def _count(known: Known, record: Record, heard: Heard[Any], notes: Notes) -> None:
    """Numbers that are left out are events that are lost, or late (E04.FR.01); some stations never count (VCP)."""
    number = heard.said.seq_no
    if number is None:
        return
    last = record.last_seq_no
    if last is not None and number > last + 1:
        if "seq_gap" not in record.suspect:
            notes.suspect(heard, "seq_gap", record.id, after=last, before=number)
        record.doubt("seq_gap")
    elif last is not None and number < last and "seq_gap" in record.suspect:
        known.filled.append(record)
    record.last_seq_no = number if last is None else max(last, number)


def _started(record: Record, heard: Heard[Any], said: TransactionStarted) -> None:
    if "start_missing" in record.suspect:  # it was only late
        record.suspect.remove("start_missing")
        record.doubt("start_late")
        record.start_seq, record.start_received_at = heard.seq, heard.received_at
    record.said_start_at = said.at
    record.started_at = device_time(said.at, heard.received_at)
    record.meter_start_wh = said.meter_wh if said.meter_wh is not None else record.meter_start_wh
