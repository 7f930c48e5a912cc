"""The inbox: a batch of messages, one database transaction, then their replies.

No timer: while one batch commits, the next gathers. Alone, a message waits for nobody; under load
the batch grows by itself and the cost of a commit is shared. A batch holds at most one entry a
station, so its messages are independent and may be written set by set.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import asyncpg
import structlog

from csms import (
    answers,
    authority,
    commands,
    events,
    faults,
    firmware,
    journal,
    meters,
    reports,
    reservations,
    stations,
    tokens,
    transactions,
    variables,
)
from csms.authority import Authority
from csms.errors import Overloaded, StaleHead
from csms.journal import Chain, Line
from csms.kit.clock import Clock, system_clock
from csms.kit.db import AWAY, Conn, Db
from csms.vocabulary import (
    Beat,
    Booted,
    Command,
    DataPassed,
    EventsNoted,
    Message,
    MeterReported,
    Noted,
    Noticed,
    ProgressNoted,
    Reply,
    SecurityNoted,
    StatusReported,
    TokenPresented,
    Told,
    TransactionEnded,
    TransactionStarted,
    TransactionUpdated,
    Trigger,
    UpdateFirmware,
    VariablesReported,
    WriteVariables,
)
from csms.vocabulary.heard import Heard, Notes, device_time

log = structlog.get_logger()

ACCEPTED = "Accepted"

TRIGGERED_FOR = timedelta(minutes=1)
UNEVENTFUL = (MeterReported, Beat, Noted)
"""Most of what is said. No command waits for it, and nothing but its own rows follows from it."""

# What a message itself does wrong in the database. Everything else is our trouble and is tried again.
POISON = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError, ValueError, TypeError, KeyError, OverflowError,
          AttributeError, LookupError, asyncpg.ProgramLimitExceededError)


@dataclass(frozen=True, slots=True)
class Settlement:
    """How one of our commands ended, known from the frame that is written with it."""

    command: str
    kind: str
    state: str
    answer: Mapping[str, Any] | None
    evse: int | None = None
    asked: Command | None = None
    told: Told | None = None
    """What the answer tells beyond yes and no."""
    by: str | None = None
    on_record: bool = False
    """The row is settled already; what follows from the answer is derived anew."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A station's socket came."""

    protocol: str | None
    node: str | None = None
    address: str | None = None


@dataclass(frozen=True, slots=True)
class Departure:
    """A station's socket went."""

    code: int | None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """A command of ours is about to be sent with this line."""

    command: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Recall:
    """History: this line was a command of ours."""

    command: str
    asked: Command
    action: str
    payload: Mapping[str, Any]


Written = Reply | bool | int | None
"""What the writer of an entry learns: the reply, whether a claim held, the session number."""


@dataclass(slots=True, eq=False)
class Entry:
    """One thing to be written down, and what becomes of it."""

    line: Line
    said: Message | None = None
    answer: Callable[[Reply], str] | None = None
    """Writes the answer frame; the answer is journalled with the question."""
    then: Settlement | Arrival | Departure | Claim | Recall | None = None
    recorded: Reply | None = None
    seq: int = 0
    reply: Reply | None = None
    result: Written = None
    text: str | None = None
    """The answer frame, to be sent once all this is committed. Given with the entry: a refusal."""
    told: Callable[[Entry], None] | None = None
    """Who is to learn that it is committed."""
    failed: Exception | None = None
    """Why it could not even be kept."""

    def heard(self) -> Heard[Any]:
        assert self.said is not None
        return Heard(self.line.station, self.seq, self.line.received_at, self.said, self.recorded)


@dataclass(frozen=True, slots=True)
class Policy:
    """What strangers are answered."""

    accept_unknown_tokens: bool = False
    heartbeat_s: int = 300
    pending_s: int = 60
    authority: Authority | None = None
    """Signs certificates of stations; nobody without."""


@dataclass(slots=True)
class Writer:
    """Writes batches; knows the heads of the chains it has moved."""

    policy: Policy = field(default_factory=Policy)
    clock: Clock = system_clock
    heads: dict[str, journal.Head] = field(default_factory=dict)
    vouched: transactions.Vouched = field(default_factory=transactions.Vouched)
    triggered: dict[str, datetime] = field(default_factory=dict)
    """Stations that were asked for a message just now: even a reading may be what a command waits for."""

    async def write(self, conn: Conn, batch: Sequence[Entry], *, projected: bool = True) -> Chain:
        """Put a batch (one entry a station) into the open transaction. Heads move with `committed`."""
        chain = await self._chain(conn, batch)
        for entry in batch:
            entry.seq = chain.next_seq(entry.line.station)
        notes = Notes()
        if projected:
            await _project(conn, batch, self.policy, notes, self.vouched, self.triggered)
        else:
            await _acknowledge_only(conn, batch, self.policy)
        _journal(chain, batch)
        await journal.write(conn, chain)
        await journal.count_repairs(conn, [e.line for e in batch if e.line.repairs])
        await events.write(conn, notes, self.clock())
        return chain

    async def _chain(self, conn: Conn, batch: Sequence[Entry]) -> Chain:
        wanted = [e.line.station for e in batch]
        if missing := [s for s in wanted if s not in self.heads]:
            self.heads |= await journal.load_heads(conn, missing)
        return Chain({station: self.heads[station] for station in wanted})

    def committed(self, chain: Chain) -> None:
        self.heads.update(chain.heads)

    def forget(self, batch: Sequence[Entry]) -> None:
        for entry in batch:
            self.heads.pop(entry.line.station, None)


def _journal(chain: Chain, batch: Sequence[Entry]) -> None:
    for entry in batch:
        line = entry.line
        chain.add(line)
        if entry.answer and entry.reply:
            entry.text = entry.answer(entry.reply)
        if entry.text is not None:
            at = entry.reply.now if entry.reply else line.received_at
            chain.add(Line(line.station, at, "sent", entry.text, line.message_id, line.action, None, line.session))


# --- projecting a batch -----------------------------------------------------------------------------


async def project(
    conn: Conn, batch: Sequence[Entry], policy: Policy, vouched: transactions.Vouched
) -> None:
    """Derive everything from entries that are in the journal already, and tell nobody."""
    notes = Notes()
    await _project(conn, batch, policy, notes, vouched, {})
    await journal.count_repairs(conn, [e.line for e in batch])
    notes.events.clear()
    await events.write(conn, notes, system_clock())


async def _project(
    conn: Conn, batch: Sequence[Entry], policy: Policy, notes: Notes, vouched: transactions.Vouched,
    triggered: dict[str, datetime],
) -> None:
    """Everything derived from the batch's messages, written set by set, and each one's reply."""
    passing = [e for e in batch if e.then is not None]
    if passing:
        await _come_and_go(conn, passing, notes)
    said: dict[type[Any], list[Entry]] = {}
    for entry in batch:
        if entry.said is not None:
            said.setdefault(type(entry.said), []).append(entry)
    telling = [e for kind, entries in said.items() if kind not in UNEVENTFUL for e in entries]
    standing = await _standings(conn, telling, policy)
    for kind, entries in said.items():
        await _note(conn, kind, entries, notes, policy)
    await _authorize(conn, said.get(TokenPresented, []), standing)
    spoken = [e for t in (TransactionStarted, TransactionUpdated, TransactionEnded) for e in said.get(t, [])]
    rows = await _follow_transactions(conn, spoken, standing, notes)
    for entry in spoken:
        if not isinstance(entry.said, TransactionUpdated):
            vouched.forget(entry.line.station)
    named: list[Heard[MeterReported]] = []
    for entry in said.get(MeterReported, []):
        assert isinstance(entry.said, MeterReported)
        rows += meters.rows_of(entry.line.station, entry.said, entry.line.received_at, entry.seq)
        if vouched.is_new(entry.line.station, entry.said):
            named.append(entry.heard())
    await meters.keep(conn, rows)
    if named:
        await transactions.look_into(conn, named, vouched, notes)
    wanted = _wanted(passing, said, triggered) if triggered or passing else []
    await commands.observe(conn, _happenings([*passing, *telling, *wanted]), notes)


def _wanted(
    passing: Sequence[Entry], said: Mapping[type[Any], list[Entry]], triggered: dict[str, datetime]
) -> list[Entry]:
    """Readings and heartbeats are nobody's effect but a trigger's."""
    for entry in passing:
        live = isinstance(entry.then, Claim) and entry.then.kind == "trigger"
        recalled = isinstance(entry.then, Recall) and isinstance(entry.then.asked, Trigger)
        if live or recalled:
            triggered[entry.line.station] = entry.line.received_at
    found = []
    for kind in UNEVENTFUL:
        for entry in said.get(kind, []):
            asked_at = triggered.get(entry.line.station)
            if asked_at is not None:
                found.append(entry)
                if entry.line.received_at - asked_at > TRIGGERED_FOR:
                    del triggered[entry.line.station]
    return found


async def _come_and_go(conn: Conn, batch: Sequence[Entry], notes: Notes) -> None:
    came = [e for e in batch if isinstance(e.then, Arrival)]
    live = [(e.line.station, a.node, a.protocol, e.line.received_at) for e in came if (a := _arrival(e)).node]
    sessions = await stations.connect(conn, live) if live else {}
    await stations.open_connections(conn, [
        (e.line.station, e.seq, sessions.get(e.line.station), a.node, a.protocol, a.address, e.line.received_at)
        for e in came if (a := _arrival(e))
    ])
    for entry in came:
        entry.result = sessions.get(entry.line.station)
        notes.event("station.connected", entry.line.station, entry.line.station)
    gone = [(e, e.then) for e in batch if isinstance(e.then, Departure)]
    await stations.disconnect(conn, [
        (e.line.station, e.line.session, e.line.received_at, d.code, d.reason) for e, d in gone
    ])
    for entry, _ in gone:
        notes.event("station.disconnected", entry.line.station, entry.line.station)
    await _settle(conn, batch, notes)


def _arrival(entry: Entry) -> Arrival:
    assert isinstance(entry.then, Arrival)
    return entry.then


async def _settle(conn: Conn, batch: Sequence[Entry], notes: Notes) -> None:
    """Claims and answers of commands: rare, so one by one."""
    for entry in batch:
        line, then = entry.line, entry.then
        if isinstance(then, Claim):
            assert line.message_id is not None
            entry.result = await commands.claim(
                conn, then.command, at=line.received_at, message_id=line.message_id, seq=entry.seq, session=line.session
            )
        elif isinstance(then, Recall):
            await commands.recall(
                conn, then.command, line.station, then.asked, then.action, then.payload, by=line.by or "unknown",
                complaint=line.complaint, at=line.received_at, message_id=line.message_id or "", seq=entry.seq,
            )
        elif isinstance(then, Settlement):
            entry.result = await _settle_one(conn, entry, then, notes)


async def _settle_one(conn: Conn, entry: Entry, settled: Settlement, notes: Notes) -> bool:
    """The row, and what the answer has changed at the station. False when the row had moved on."""
    line, asked, told = entry.line, settled.asked, settled.told
    word = answers.word_of(settled.answer, told)
    if not settled.on_record and not await commands.settle(
        conn, settled.command, settled.kind, settled.state, line.received_at, notes, answer=settled.answer,
        body=asdict(asked) if asked is not None else None, word=word,
        seen=await _before(conn, line.station, asked, word), seq=entry.seq,
        already=await _already(conn, line.station, settled),
    ):
        return False
    if asked is not None:
        await answers.follow(conn, answers.Answered(
            line.station, entry.seq, line.received_at, asked, settled.state, word, told, settled.by
        ), notes)
    return True


async def _before(conn: Conn, station: str, asked: Command | None, word: str | None) -> Mapping[str, Any]:
    """What its effect will be told by later."""
    if isinstance(asked, WriteVariables) and word == "RebootRequired":
        return {"reboot": True}
    if isinstance(asked, UpdateFirmware):
        found = await stations.find_many(conn, [station])
        return {"from": found[0].firmware} if found and found[0].firmware else {}
    return {}


async def _already(conn: Conn, station: str, settled: Settlement) -> bool:
    """An unlocked connector that was already reported free needs no further word."""
    if settled.kind != "unlock":
        return False
    found = await stations.find_many(conn, [station])
    return any(c.evse == settled.evse and c.status == "Available" for s in found for c in s.connectors)


async def _standings(
    conn: Conn, batch: Sequence[Entry], policy: Policy
) -> dict[tuple[str, str], tokens.Standing]:
    live = [e for e in batch if e.said is not None and e.recorded is None]
    presented = {
        (e.line.station, token): e.line.received_at for e in live if (token := getattr(e.said, "token", None))
    }
    if not presented:
        return {}
    return await tokens.standings(
        conn, list(presented), accept_unknown=policy.accept_unknown_tokens, now=max(presented.values())
    )


async def _note(
    conn: Conn, kind: type[Any], entries: Sequence[Entry], notes: Notes, policy: Policy
) -> None:
    """Messages that need nothing of each other. Transactions and tokens follow on their own."""
    for entry in entries:
        entry.reply = Reply(entry.line.received_at, ACCEPTED)
    if kind in UNEVENTFUL:
        return
    heards: list[Heard[Any]] = [e.heard() for e in entries]
    if kind is StatusReported:
        await stations.note_statuses(conn, heards)
    elif kind is Booted:
        await _boot(conn, entries, heards, notes, policy)
    elif kind is SecurityNoted:
        await stations.note_security(conn, heards)
    elif kind is ProgressNoted:
        await stations.note_progress(conn, heards)
        await firmware.follow(conn, heards)
    elif kind in reports.NOTED:
        await reports.NOTED[kind](conn, heards)
        for entry in entries:
            entry.reply = Reply(entry.line.received_at, reports.word(kind, signs=policy.authority is not None))
            if isinstance(entry.said, Noticed) and entry.said.kind == "certificate_status_asked":
                entry.reply = await _certificate_status(conn, entry.said, entry.line.received_at, policy)
    elif kind is DataPassed:
        await _transfer(conn, entries, heards)
    if kind is EventsNoted:
        await variables.note_events(conn, heards)
        await stations.note_statuses(conn, [
            Heard(h.station, h.seq, h.received_at, status) for h in heards for status in _statuses(h.said)
        ])
    if kind in (StatusReported, EventsNoted):
        await _hear_faults(conn, heards, notes)


def _statuses(said: EventsNoted) -> list[StatusReported]:
    """The state of connectors told by events, as 2.x allows in place of StatusNotification (2.0.1 G01)."""
    return [
        StatusReported(event.evse, event.connector or 1, event.value, event.at) for event in said.events
        if event.component == "Connector" and event.variable == "AvailabilityState" and event.value
    ]


async def _boot(
    conn: Conn, entries: Sequence[Entry], heards: Sequence[Heard[Booted]], notes: Notes, policy: Policy
) -> None:
    admitted = await stations.admissions(conn, [h.station for h in heards])
    for entry, heard in zip(entries, heards, strict=True):
        known = admitted.get(heard.station) == "known"
        entry.reply = heard.recorded or Reply(
            heard.received_at, ACCEPTED if known else "Pending",
            interval_s=policy.heartbeat_s if known else policy.pending_s,
        )
        notes.event("station.booted", heard.station, heard.station, reason=heard.said.reason)
    await firmware.note_boots(conn, heards)
    await stations.note_boots(conn, heards, [e.reply.status or ACCEPTED for e in entries if e.reply])


async def _certificate_status(conn: Conn, said: Noticed, now: datetime, policy: Policy) -> Reply:
    found = await authority.status(conn, policy.authority, said.detail.get("ocspRequestData"), now)
    return Reply(now, ocsp=found)


async def _transfer(conn: Conn, entries: Sequence[Entry], heards: Sequence[Heard[DataPassed]]) -> None:
    """DataTransfer is kept; nobody here speaks the vendor's language, and both versions have a word for that."""
    for entry in entries:
        entry.reply = Reply(entry.line.received_at, "UnknownVendorId")
    await stations.note_transfers(conn, heards)


async def _hear_faults(conn: Conn, heards: Sequence[Heard[Any]], notes: Notes) -> None:
    known = await faults.load(conn, [h.station for h in heards])
    for heard in heards:
        if isinstance(heard.said, StatusReported):
            faults.hear_status(known, heard, notes)
        else:
            faults.hear_events(known, heard, notes)
    await faults.store(conn, known)


async def _authorize(
    conn: Conn, entries: Sequence[Entry], standing: Mapping[tuple[str, str], tokens.Standing]
) -> None:
    presented = []
    for entry in entries:
        heard: Heard[TokenPresented] = entry.heard()
        entry.reply = heard.recorded or _token_reply(heard, standing)
        presented.append((heard, heard.said.token, entry.reply.token_status or ACCEPTED))
    await tokens.keep(conn, presented)


def _token_reply(
    heard: Heard[Any], standing: Mapping[tuple[str, str], tokens.Standing], number: int | None = None
) -> Reply:
    token = heard.said.token
    found = standing.get((heard.station, token)) if token else None
    return Reply(
        heard.received_at, ACCEPTED, number=number, token_status=found.status if found else None,
        token_parent=found.parent if found else None, token_expires_at=found.expires_at if found else None,
    )


async def _follow_transactions(
    conn: Conn, entries: Sequence[Entry], standing: Mapping[tuple[str, str], tokens.Standing], notes: Notes
) -> list[meters.Column]:
    """Starts, events and stops; the rows of their readings."""
    if not entries:
        return []
    heards = [e.heard() for e in entries]
    known = await transactions.load(conn, heards)
    fresh = [e for e in entries if e.recorded is None and _is_numbered_start(e.said)]
    numbers = iter(await transactions.allot_numbers(conn, len(fresh)))
    rows: list[meters.Column] = []
    trail: list[tuple[Any, ...]] = []
    spoken_of: list[tuple[Any, transactions.Record]] = []
    for entry, heard in zip(entries, heards, strict=True):
        number = next(numbers) if entry in fresh else entry.recorded.number if entry.recorded else None
        record = _follow_one(known, entry, heard, number, standing, notes)
        said = heard.said
        spoken_of.append((said, record))
        at = device_time(said.at, heard.received_at)
        rows += [
            meters.row_of(record.station, record.evse or 0, record.said, reading, heard.received_at, heard.seq)
            for reading in said.readings
        ]
        if said.reference is not None and said.charging_state:
            trail.append((record.station, record.evse or 0, record.connector, said.charging_state, at,
                          heard.received_at, "transaction", record.reference, heard.seq))
    await _doubt_units(conn, spoken_of)
    await transactions.keep_steps(conn, heards)
    await transactions.store(conn, known)
    await reservations.end(conn, [
        (record.station, said.reservation, "used", record.started_at, record.id) for said, record in spoken_of
        if isinstance(said, TransactionStarted) and said.reservation is not None
    ])
    await transactions.skip_numbers(conn, [e.recorded.number for e in entries if e.recorded and e.recorded.number])
    await stations.keep_statuses(conn, trail)
    return rows


async def _doubt_units(conn: Conn, spoken_of: Sequence[tuple[Any, transactions.Record]]) -> None:
    """A 1.6 stop whose register is the thousandth of the last reading's was said in kWh (lbbrhzn#1810)."""
    stopped = [(said, r) for said, r in spoken_of if isinstance(said, TransactionEnded) and said.reference is None]
    if not stopped:
        return
    last = await meters.last_energy(conn, [(r.id, r.station, r.said, r.started_at) for _, r in stopped])
    for said, record in stopped:
        read = max((r.energy_wh for r in said.readings if r.energy_wh is not None), default=last.get(record.id))
        if transactions.in_kwh(record.meter_stop_wh, read):
            record.doubt("register_kwh")


def _is_numbered_start(said: Message | None) -> bool:
    return isinstance(said, TransactionStarted) and said.reference is None


def _follow_one(
    known: transactions.Known, entry: Entry, heard: Heard[Any], number: int | None,
    standing: Mapping[tuple[str, str], tokens.Standing], notes: Notes,
) -> transactions.Record:
    reply = heard.recorded or _token_reply(heard, standing, number)
    if heard.said.reference is not None:
        record = transactions.follow(known, heard, reply.token_status, notes)
    elif isinstance(heard.said, TransactionStarted):
        record = transactions.begin(known, heard, number, reply.token_status or ACCEPTED, notes)
        reply = _renumbered(reply, record.number)
    else:
        record = transactions.end(known, heard, notes)
    entry.reply = reply
    return record


def _renumbered(reply: Reply, number: int | None) -> Reply:
    """Same question, same answer: a start heard again is given the number it was given first."""
    return Reply(
        reply.now, reply.status, number=number, token_status=reply.token_status or ACCEPTED,
        token_parent=reply.token_parent, token_expires_at=reply.token_expires_at,
    )


def _happenings(batch: Sequence[Entry]) -> list[commands.Happening]:
    """What pending commands may be waiting for."""
    found = []
    for entry in batch:
        station, at = entry.line.station, entry.line.received_at
        match entry.said or entry.then:
            case Arrival():
                found.append(commands.Happening(station, "connected", at))
            case Departure():
                found.append(commands.Happening(station, "disconnected", at))
            case Booted(firmware=version):
                found.append(commands.Happening(station, "booted", at, other=version))
            case StatusReported(evse=evse, status=status):
                found.append(commands.Happening(station, "status", at, evse, status))
            case EventsNoted() as told:
                found += [commands.Happening(station, "status", at, s.evse, s.status) for s in _statuses(told)]
            case TransactionStarted(evse=evse, token=token, remote_start_id=request):
                found.append(commands.Happening(station, "started", at, evse, token, _text(request)))
            case TransactionUpdated(evse=evse, token=token, remote_start_id=int(request)):
                # Plugged in before it was authorised: the start shows in a later event (2.0.1 F02).
                found.append(commands.Happening(station, "started", at, evse, token, str(request)))
            case TransactionEnded(number=number, reference=reference, evse=evse):
                named = reference if reference is not None else str(number)
                found.append(commands.Happening(station, "ended", at, evse, named))
            case ProgressNoted(what=what, status=status, request_id=request):
                found.append(commands.Happening(station, what, at, detail=status, other=_text(request)))
            case Noticed(kind="priority_charging", said=said, detail=detail):
                found.append(commands.Happening(
                    station, "priority", at, detail=said, other=str(bool(detail.get("activated")))
                ))
            case Settlement(told=VariablesReported(variables=values)):
                found.append(commands.Happening(station, "values", at, values=values))
            case _:
                found += _reported(entry)
        if entry.line.action and entry.said is not None:
            found.append(commands.Happening(station, "said", at, detail=entry.line.action))
    return found


def _reported(entry: Entry) -> list[commands.Happening]:
    """A report that is complete, and the values in it."""
    station, at, said = entry.line.station, entry.line.received_at, entry.said
    found = []
    if isinstance(said, VariablesReported):
        found.append(commands.Happening(station, "values", at, values=said.variables))
    kind = reports.REPORTS.get(type(said))
    if kind and not getattr(said, "more", False):
        found.append(commands.Happening(
            station, "report", at, detail=kind, other=_text(getattr(said, "request_id", None))
        ))
    return found


def _text(request: int | None) -> str | None:
    return None if request is None else str(request)


async def _acknowledge_only(conn: Conn, batch: Sequence[Entry], policy: Policy) -> None:
    """Replies that derive nothing: for a message that cannot be projected, the station must not be held up."""
    for entry in batch:
        if entry.said is not None:
            numbers = await transactions.allot_numbers(conn, 1) if _is_numbered_start(entry.said) else [None]
            entry.reply = Reply(
                entry.line.received_at, ACCEPTED, interval_s=policy.heartbeat_s, number=numbers[0],
                token_status=ACCEPTED,
            )


# --- taking turns -----------------------------------------------------------------------------------


class Inbox:
    """Takes what sessions bring, commits it in batches, and only then lets go of the replies."""

    def __init__(self, db: Db, policy: Policy, clock: Clock, *, most: int = 500, room: int = 20_000) -> None:
        self.db, self.writer, self.clock = db, Writer(policy, clock), clock
        self.most, self.room = most, room
        self.waiting: deque[Entry] = deque()
        self.nonempty = asyncio.Event()
        self.last_batch = 0
        self.committed = 0
        self.away_since: datetime | None = None
        self.attempted: Chain | None = None

    def put(self, entry: Entry, told: Callable[[Entry], None]) -> None:
        """Have an entry written. `told` is called, and must not wait, once everything about it is committed.

        Raises Overloaded when too much waits. How a socket or a command ended always finds room: there is
        at most one of them for each socket, and a station left behind as connected would be a lie.
        """
        if len(self.waiting) >= self.room and not isinstance(entry.then, Departure | Settlement):
            raise Overloaded(f"{self.room} messages wait to be written")
        entry.told = told
        self.waiting.append(entry)
        self.nonempty.set()

    def take(self, entry: Entry) -> asyncio.Future[Entry]:
        """The same, for who wants to wait for it."""
        done: asyncio.Future[Entry] = asyncio.get_running_loop().create_future()
        self.put(entry, partial(_resolve, done))
        return done

    async def announce(self, conn: Conn, notes: Notes) -> None:
        """Write news that came without a frame (a time-out)."""
        await events.write(conn, notes, self.clock())

    async def run(self) -> None:
        while True:
            await self.nonempty.wait()
            await self._commit(self._gather())
            if not self.waiting:
                self.nonempty.clear()

    def _gather(self) -> list[Entry]:
        """Up to `most`, one a station; a station's later ones keep their order for the next batch."""
        batch: list[Entry] = []
        kept: list[Entry] = []
        spoken: set[str] = set()
        while self.waiting and len(batch) < self.most:
            entry = self.waiting.popleft()
            station = entry.line.station
            (kept if station in spoken else batch).append(entry)
            spoken.add(station)
        self.waiting.extendleft(reversed(kept))
        return batch

    async def _commit(self, batch: list[Entry]) -> None:
        while True:
            try:
                chain = await self._write(batch)
            except StaleHead:
                self.writer.forget(batch)
                continue
            except POISON as error:
                return await self._part(batch, error)
            except AWAY as error:
                done = await self._wait_for_database(error)
                if done is None:
                    continue
                chain = done
            self._let_go(batch, chain)
            return None

    def _let_go(self, batch: Sequence[Entry], chain: Chain) -> None:
        self.writer.committed(chain)
        self.away_since, self.attempted = None, None
        self.last_batch = len(batch)
        self.committed += len(batch)
        # Soon, not now: the next batch goes to the database first, and is written while these are answered.
        asyncio.get_running_loop().call_soon(_tell, batch)

    async def _write(self, batch: Sequence[Entry], *, projected: bool = True, error: str = "") -> Chain:
        self.attempted = None
        async with self.db.acquire(timeout=10) as conn, conn.transaction():
            chain = await self.writer.write(conn, batch, projected=projected)
            if not projected:
                for entry in batch:
                    await journal.keep_quarantined(conn, entry.line, entry.seq, error)
            self.attempted = chain
        return chain

    async def _part(self, batch: list[Entry], error: Exception) -> None:
        """One of them is poison: halve until it is alone, keep it apart, answer it all the same."""
        if len(batch) > 1:
            await self._commit(batch[: len(batch) // 2])
            return await self._commit(batch[len(batch) // 2 :])
        line = batch[0].line
        log.warning("message_quarantined", station=line.station, action=line.action, error=str(error))
        try:
            chain = await self._write(batch, projected=False, error=f"{type(error).__name__}: {error}")
        except POISON as worse:  # not even the journal takes it: the session that brought it is told
            batch[0].failed = worse
            _tell(batch)
        except (*AWAY, StaleHead):
            self.writer.forget(batch)
            await self._commit(batch)
        else:
            self._let_go(batch, chain)
        return None

    async def _wait_for_database(self, error: BaseException) -> Chain | None:
        """The database is away: nobody is answered, stations keep their messages, we try again.

        Gives the chain of a batch whose commit had happened although its answer was lost: the stored
        heads say so, since no other writing could have the same hashes.
        """
        if self.away_since is None:
            self.away_since = self.clock()
            log.error("database_away", error=f"{type(error).__name__}: {error}")
        self.writer.heads.clear()
        attempted, self.attempted = self.attempted, None
        while True:
            await asyncio.sleep(0.25)
            if attempted is None:
                return None
            with suppress(*AWAY):
                async with self.db.acquire(timeout=10) as conn:
                    stored = await journal.load_heads(conn, attempted.heads)
                return attempted if stored == attempted.heads else None


def _tell(batch: Sequence[Entry]) -> None:
    for entry in batch:
        if entry.told is None:
            continue
        try:
            entry.told(entry)
        except Exception:  # one session's trouble is not the others'
            log.exception("answer_not_sent", station=entry.line.station, action=entry.line.action)


def _resolve(done: asyncio.Future[Entry], entry: Entry) -> None:
    if done.cancelled():
        return
    if entry.failed:
        done.set_exception(entry.failed)
    else:
        done.set_result(entry)
