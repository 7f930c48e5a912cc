"""History: another system's log, a case to reproduce, or our own journal read again.

Lines go through the same reading and projecting as a live station's messages. What was answered is
in the record, so transactions take their ids from there, and recorded commands become command rows.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import orjson

from csms import commands, events, journal, partitions, stations
from csms.errors import BadInput, Conflict, StationMistake
from csms.inbox import POISON, Arrival, Departure, Entry, Policy, Recall, Settlement, Writer, project
from csms.journal import Line
from csms.kit.clock import Clock, parse_time
from csms.kit.db import Conn, Db
from csms.ocpp import TRANSLATORS, Answered, Asked, Broken, Link, Stray, decode
from csms.transactions import Vouched
from csms.vocabulary import Command, CommandState, Reply
from csms.vocabulary.heard import Notes, record_id

FORGET = """
    truncate readings, steps, statuses, transactions, faults, authorizations, boots, connections, security_events,
        progress, variables, transfers, suspects, quarantine, repairs, profiles, composites, reservations, local_lists,
        local_list_entries, monitors, displays, certificates, certificate_requests, installed_certificates,
        firmware_updates, customer_information, notices, network_profiles, told_costs, grid_controls, event_streams,
        stream_values, battery_swaps, station_tariffs, settlements;
    update connectors set status = null, status_at = null, received_at = null;
"""

WHOLE_JOURNAL = "select seq, received_at, kind, frame, action, by from frames where station = $1 order by seq"

EXPORT = """
    select station, received_at, kind, action, frame, by, complaint from frames
    where station = $1 and ($2::timestamptz is null or received_at >= $2)
      and ($3::timestamptz is null or received_at < $3)
    order by seq
"""

KINDS = ("connected", "received", "sent", "disconnected")
UNANSWERED_AFTER = timedelta(seconds=30)
WAVES_A_COMMIT = 200


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a journal file."""

    number: int
    """Its line number, from 1."""
    station: str
    at: datetime
    kind: str
    frame: str | None = None
    protocol: str | None = None
    by: str | None = None
    complaint: str | None = None
    code: int | None = None

    @property
    def identity(self) -> tuple[datetime, str, str]:
        return self.at, self.kind, self.frame or ""


@dataclass(slots=True)
class Report:
    """What became of an import."""

    accepted: int = 0
    duplicates: int = 0
    rejected: list[dict[str, Any]] = field(default_factory=list)

    def reject(self, number: int, message: str) -> None:
        self.rejected.append({"line": number, "message": message})


# --- reading lines ----------------------------------------------------------------------------------


def read_line(number: int, text: str | bytes) -> Row:
    """Raises BadInput naming the field."""
    try:
        line = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise BadInput("line", f"is not JSON: {error}") from None
    if not isinstance(line, dict):
        raise BadInput("line", "a line is one JSON object")
    station, kind = line.get("station"), line.get("kind")
    if not isinstance(station, str) or not 0 < len(station) <= 255 or not station.isprintable():
        raise BadInput("station", "the station's id, as text of at most 255 characters")
    if kind not in KINDS:
        raise BadInput("kind", f"one of {', '.join(KINDS)}")
    return Row(
        number, station, _time(line.get("at")), kind, _frame(line, kind), _protocol(line.get("protocol")),
        _text(line, "by"), _text(line, "complaint"), _code(line.get("code")),
    )


def _time(value: object) -> datetime:
    try:
        return parse_time(value) if isinstance(value, str) else _no_time()
    except ValueError:
        return _no_time()


def _no_time() -> datetime:
    raise BadInput("at", "an RFC 3339 time such as 2026-11-22T01:00:00.000Z")


def _frame(line: Mapping[str, Any], kind: str) -> str | None:
    """The frame's text: an array as JSON, unreadable text as it came; a close code for `disconnected`."""
    frame = line.get("frame")
    if kind == "disconnected":
        code = _code(line.get("code"))
        return str(code) if code is not None else None
    if kind == "connected":
        return None
    if isinstance(frame, str):
        return frame.replace("\x00", "\\u0000")
    if not isinstance(frame, list):
        raise BadInput("frame", "the OCPP-J array, or the raw text where it was not valid JSON")
    return orjson.dumps(frame).decode()


def _protocol(value: object) -> str | None:
    if value is not None and value not in TRANSLATORS:
        raise BadInput("protocol", f"one of {', '.join(TRANSLATORS)}")
    return value


def _text(line: Mapping[str, Any], name: str) -> str | None:
    value = line.get(name)
    if value is not None and not isinstance(value, str):
        raise BadInput(name, "text or null")
    return value


def _code(value: object) -> int | None:
    if value is not None and not isinstance(value, int):
        raise BadInput("code", "the WebSocket close code, a number")
    return value


# --- telling lines as entries -----------------------------------------------------------------------


@dataclass(slots=True)
class _Asked:
    """A command of history whose answer may still come."""

    id: str
    kind: str
    action: str
    evse: int | None
    at: datetime
    asked: Command
    payload: Mapping[str, Any]
    by: str | None


class Teller:
    """One station's history, line by line, as entries for the writer."""

    def __init__(self, station: str, rows: Sequence[Row], protocol: str | None) -> None:
        self.station = station
        self.rows = deque(rows)
        self.protocol = protocol or _guess(rows)
        self.answers = _answers(rows)
        self.open: dict[str, _Asked] = {}

    def next(self, seq: int) -> Entry:
        """The next line's entry, which will be number `seq` in the station's journal."""
        row = self.rows.popleft()
        match row.kind:
            case "connected":
                self.protocol = row.protocol or self.protocol
                line = Line(row.station, row.at, "connected", action=self.protocol)
                return Entry(line, then=Arrival(self.protocol))
            case "disconnected":
                return Entry(Line(row.station, row.at, "disconnected", row.frame), then=Departure(row.code))
            case "sent":
                return self._sent(row, seq)
            case _:
                return self._received(row)

    def _sent(self, row: Row, seq: int) -> Entry:
        asked = Link(self.protocol).receive(row.frame or "")
        if not isinstance(asked, Asked):
            id, action = _named(row.frame or "")
            return Entry(Line(row.station, row.at, "sent", row.frame, id, action, by=row.by, complaint=row.complaint))
        command = TRANSLATORS[self.protocol].read_command(asked.action, asked.payload)
        id = record_id("command", row.station, seq)
        kind = commands.KINDS[type(command)]
        self.open[asked.id] = _Asked(
            id, kind, asked.action, getattr(command, "evse", None), row.at, command, asked.payload, row.by
        )
        line = Line(row.station, row.at, "sent", row.frame, asked.id, asked.action, by=row.by, complaint=row.complaint)
        return Entry(line, then=Recall(id, command, asked.action, asked.payload))

    def _received(self, row: Row) -> Entry:
        heard = Link(self.protocol).receive(row.frame or "")
        match heard:
            case Asked():
                return self._asked(row, heard)
            case Stray() | Answered():
                return self._answered(row, heard)
            case Broken(id=id, action=action):
                return Entry(Line(row.station, row.at, "received", row.frame, id, action, repairs=("unreadable",)))
            case _:
                return Entry(Line(row.station, row.at, "received", row.frame, heard.id))

    def _asked(self, row: Row, asked: Asked) -> Entry:
        try:
            decoded = decode(self.protocol, asked.action, asked.payload)
        except StationMistake:
            return Entry(Line(
                row.station, row.at, "received", row.frame, asked.id, asked.action, repairs=asked.repairs
            ))
        line = Line(
            row.station, row.at, "received", row.frame, asked.id, asked.action, getattr(decoded.message, "at", None),
            repairs=(*asked.repairs, *decoded.repairs),
        )
        return Entry(line, decoded.message, recorded=self._recorded(row, asked))

    def _recorded(self, row: Row, asked: Asked) -> Reply:
        payload = self.answers.get(row.number)
        if payload is None:
            return Reply(row.at)
        return TRANSLATORS[self.protocol].read_reply(asked.action, payload, row.at)

    def _answered(self, row: Row, heard: Stray | Answered) -> Entry:
        asked = self.open.pop(heard.id, None)
        if asked is None:
            return Entry(Line(row.station, row.at, "received", row.frame, heard.id))
        translator = TRANSLATORS[self.protocol]
        state = translator.read_outcome(asked.action, heard.payload, heard.error_code)
        told = None
        if heard.payload is not None:
            told = translator.read_answer(asked.action, asked.payload, heard.payload)
        answer = heard.payload if heard.payload is not None else {
            "errorCode": heard.error_code, "errorDescription": heard.error_description
        }
        return Entry(
            Line(row.station, row.at, "received", row.frame, heard.id, asked.action),
            then=Settlement(asked.id, asked.kind, state, answer, asked.evse, asked.asked, told, asked.by),
        )


def _guess(rows: Sequence[Row]) -> str:
    """The version of a station that never said it: told from its boot, else the commonest."""
    named = next((row.protocol for row in rows if row.protocol), None)
    later = any('"chargingStation"' in (row.frame or "") or '"TransactionEvent"' in (row.frame or "") for row in rows)
    return named or ("ocpp2.0.1" if later else "ocpp1.6")


def _answers(rows: Sequence[Row]) -> dict[int, Mapping[str, Any]]:
    """Line number of a question -> the payload it was answered with. Message ids come again; pairs are near."""
    found: dict[int, Mapping[str, Any]] = {}
    waiting: dict[str, int] = {}
    for row in rows:
        if row.kind not in ("received", "sent"):
            continue
        heard = Link("ocpp2.1").receive(row.frame or "")
        if row.kind == "received" and isinstance(heard, Asked):
            waiting[heard.id] = row.number
        elif row.kind == "sent" and isinstance(heard, Stray) and heard.payload is not None and heard.id in waiting:
            found[waiting.pop(heard.id)] = heard.payload
    return found


def _named(text: str) -> tuple[str | None, str | None]:
    """(message id, None) of an answer of ours."""
    heard = Link("ocpp2.1").receive(text)
    return (heard.id if isinstance(heard.id, str) else None), None


# --- bringing it in ---------------------------------------------------------------------------------


async def import_lines(
    db: Db, clock: Clock, lines: Iterable[str | bytes], *, policy: Policy | None = None, dry_run: bool = False
) -> Report:
    """Bring in a journal file. Lines known already are counted and change nothing; wrong ones are named."""
    report = Report()
    rows = _read_all(lines, report)
    if dry_run:
        report.accepted = len(rows)
        return report
    by_station: dict[str, list[Row]] = {}
    for row in rows:
        by_station.setdefault(row.station, []).append(row)
    async with db.acquire() as conn:
        await stations.create_many(conn, by_station)
        await partitions.cover(conn, [row.at for row in rows])
    tellers = [t for s, r in by_station.items() if (t := await _teller(db, s, r, report)) is not None]
    await tell(db, clock, tellers, policy or Policy(), report)
    return report


def _read_all(lines: Iterable[str | bytes], report: Report) -> list[Row]:
    rows = []
    for number, text in enumerate(lines, 1):
        if not text.strip():
            continue
        try:
            rows.append(read_line(number, text))
        except BadInput as error:
            report.reject(number, f"{error.field}: {error}")
    return rows


async def _teller(db: Db, station: str, rows: list[Row], report: Report) -> Teller | None:
    async with db.acquire() as conn:
        known = await journal.known_lines(conn, station, [row.at for row in rows])
        protocol = (await stations.find(conn, station)).protocol
    fresh = []
    for row in rows:
        if row.identity in known:
            report.duplicates += 1
        else:
            known.add(row.identity)
            fresh.append(row)
    return Teller(station, fresh, protocol) if fresh else None


async def tell(db: Db, clock: Clock, tellers: Sequence[Teller], policy: Policy, report: Report) -> None:
    """Write histories in waves: one line of each station at a time, many waves a commit."""
    running = list(tellers)
    writer = Writer(policy, clock)
    while running:
        writer.heads.clear()
        async with db.acquire() as conn, conn.transaction():
            for _ in range(WAVES_A_COMMIT):
                if not running:
                    break
                await _wave(conn, writer, running, report)
                running = [t for t in running if t.rows]
    async with db.acquire() as conn, conn.transaction():
        await _close_the_book(conn, tellers, clock())


async def _wave(conn: Conn, writer: Writer, tellers: Sequence[Teller], report: Report) -> None:
    if missing := [t.station for t in tellers if t.station not in writer.heads]:
        writer.heads |= await journal.load_heads(conn, missing)
    batch = [t.next(writer.heads[t.station].seq + 1) for t in tellers]
    try:
        async with conn.transaction():
            chain = await writer.write(conn, batch)
        writer.committed(chain)
    except POISON:
        await _one_by_one(conn, writer, batch)
    report.accepted += len(batch)


async def _one_by_one(conn: Conn, writer: Writer, batch: Sequence[Entry]) -> None:
    """One of them cannot be projected: it alone is kept apart, as for a live station."""
    for entry in batch:
        try:
            async with conn.transaction():
                chain = await writer.write(conn, [entry])
        except POISON as error:
            async with conn.transaction():
                chain = await writer.write(conn, [entry], projected=False)
                await journal.keep_quarantined(conn, entry.line, entry.seq, f"{type(error).__name__}: {error}")
        writer.committed(chain)


async def _close_the_book(conn: Conn, tellers: Sequence[Teller], now: datetime) -> None:
    """Questions that history never answers, effects it never shows."""
    notes = Notes()
    for teller in tellers:
        await stations.remember_protocol(conn, teller.station, teller.protocol)
        for asked in teller.open.values():
            at = min(asked.at + UNANSWERED_AFTER, now)
            await commands.settle(conn, asked.id, asked.kind, CommandState.UNANSWERED, at, notes)
    await commands.give_up_effects(conn, now, notes)
    await events.write(conn, notes, now)


# --- taking it out ----------------------------------------------------------------------------------


async def export_lines(
    db: Db, station: str, since: datetime | None = None, until: datetime | None = None
) -> AsyncIterator[bytes]:
    """A station's journal in the format that import reads, oldest first. Raises NotFound."""
    async with db.acquire() as conn, conn.transaction(isolation="repeatable_read", readonly=True):
        await stations.find(conn, station)
        async for row in conn.cursor(EXPORT, station, since, until):
            yield orjson.dumps(_line(row)) + b"\n"


def _line(row: Mapping[str, Any]) -> dict[str, Any]:
    line: dict[str, Any] = {"station": row["station"], "at": _exact(row["received_at"]), "kind": row["kind"]}
    match row["kind"]:
        case "connected":
            line |= {"protocol": row["action"]} if row["action"] else {}
        case "disconnected":
            line |= {"code": int(row["frame"])} if row["frame"] else {}
        case _:
            line["frame"] = _as_array(row["frame"] or "")
            line |= {name: row[name] for name in ("by", "complaint") if row[name]}
    return line


def _exact(at: datetime) -> str:
    """To the microsecond: a line brought in again must be known again."""
    return at.isoformat(timespec="microseconds").replace("+00:00", "Z")


def _as_array(text: str) -> Any:
    """The array where it can be written back to the very same text, otherwise the text itself."""
    try:
        frame = orjson.loads(text)
    except orjson.JSONDecodeError:
        return text
    return frame if isinstance(frame, list) and orjson.dumps(frame).decode() == text else text


# --- reading our own journal again ------------------------------------------------------------------


async def rebuild(db: Db, policy: Policy | None = None) -> int:
    """Recompute every projection from the journal, in one transaction; the number of lines read.

    The journal is not touched. What people decided (stations, tokens, tariffs, payments, and commands with
    who asked for them and why) is no projection and stays.
    """
    lines = 0
    async with db.acquire() as conn, conn.transaction():
        if since := await conn.fetchval(journal.NEWEST_ANCHOR):
            raise Conflict(f"frames have gone by policy ({since:%Y-%m-%d}): a rebuild would lose what came of them")
        await conn.execute(FORGET)
        for group in _grouped([row["station"] for row in await conn.fetch(journal.STATIONS, None)]):
            tellers = [await _from_journal(conn, station) for station in group]
            lines += sum(len(t.rows) for t in tellers)
            await _retell(conn, [t for t in tellers if t.rows], policy or Policy())
    return lines


def _grouped(stations: Sequence[str], size: int = 50) -> list[Sequence[str]]:
    return [stations[i:i + size] for i in range(0, len(stations), size)]


async def _from_journal(conn: Conn, station: str) -> Teller:
    rows = [
        Row(row["seq"], station, row["received_at"], row["kind"], row["frame"],
            row["action"] if row["kind"] == "connected" and row["action"] in TRANSLATORS else None, row["by"],
            code=int(row["frame"]) if row["kind"] == "disconnected" and row["frame"] else None)
        for row in await conn.fetch(WHOLE_JOURNAL, station)
    ]
    return Teller(station, rows, (await stations.find(conn, station)).protocol)


async def _retell(conn: Conn, tellers: Sequence[Teller], policy: Policy) -> None:
    running, vouched = list(tellers), Vouched()
    while running:
        batch = []
        for teller in running:
            seq = teller.rows[0].number
            entry = teller.next(seq)
            entry.seq = seq
            # Commands are on record with more than the journal knows of them.
            if isinstance(entry.then, Recall):
                entry.then = None
            elif isinstance(entry.then, Settlement):
                entry.then = replace(entry.then, on_record=True)
            batch.append(entry)
        await _project_again(conn, batch, policy, vouched)
        running = [t for t in running if t.rows]


async def _project_again(
    conn: Conn, batch: Sequence[Entry], policy: Policy, vouched: Vouched
) -> None:
    try:
        async with conn.transaction():
            await project(conn, batch, policy, vouched)
    except POISON as error:
        if len(batch) == 1:
            line = batch[0].line
            await journal.keep_quarantined(conn, line, batch[0].seq, f"{type(error).__name__}: {error}")
            return
        for entry in batch:
            await _project_again(conn, [entry], policy, vouched)
