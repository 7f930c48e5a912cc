"""Batches taking turns.

No timer: while one batch commits, the next gathers. Alone, a message waits for nobody; under load
the batch grows by itself and the cost of a commit is shared. A batch holds at most one entry a
station, so its messages are independent and may be written set by set.
"""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial

import asyncpg
import structlog

from csms import events, journal
from csms.errors import Fenced, Overloaded, StaleHead
from csms.inbox.entries import Departure, Entry, Lost, Policy, Settlement
from csms.inbox.figures import Figures, waited_s
from csms.inbox.writer import Writer
from csms.journal import Chain
from csms.kit.clock import Clock
from csms.kit.db import AWAY, Conn, Db
from csms.kit.traces import span
from csms.vocabulary.heard import Notes

log = structlog.get_logger()

# What a message itself does wrong in the database: history that is read again keeps such a line apart.
POISON = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError, ValueError, TypeError, KeyError, OverflowError,
          AttributeError, LookupError, asyncpg.ProgramLimitExceededError)


class Inbox:
    """Takes what sessions bring, commits it in batches, and only then lets go of the replies."""

    def __init__(self, db: Db, policy: Policy, clock: Clock, *, most: int = 500, room: int = 20_000) -> None:
        self.db, self.writer, self.clock = db, Writer(policy, clock), clock
        self.most, self.room = most, room
        self.waiting: deque[Entry] = deque()
        self.nonempty = asyncio.Event()
        self.last_batch = 0
        self.committed = 0
        self.figures = Figures()
        self.writing: list[Entry] = []
        self.away_since: datetime | None = None
        self.attempted: Chain | None = None

    def put(self, entry: Entry, told: Callable[[Entry], None]) -> None:
        """Have an entry written. `told` is called, and must not wait, once everything about it is committed.

        Raises Overloaded when too much waits. How a socket or a command ended always finds room: there is
        at most one of them for each socket, and a station left behind as connected would be a lie.
        """
        if len(self.waiting) >= self.room and not isinstance(entry.then, Departure | Lost | Settlement):
            raise Overloaded(f"{self.room} messages wait to be written")
        entry.told = told
        self.waiting.append(entry)
        self.nonempty.set()

    def take(self, entry: Entry) -> asyncio.Future[Entry]:
        """The same, for who wants to wait for it."""
        done: asyncio.Future[Entry] = asyncio.get_running_loop().create_future()
        self.put(entry, partial(_resolve, done))
        return done

    def lag_s(self) -> float:
        """How long the oldest message that is not committed has waited, in seconds."""
        return waited_s(itertools.chain(self.writing, self.waiting), self.clock()) or 0.0

    async def announce(self, conn: Conn, notes: Notes) -> None:
        """Write news that came without a frame (a time-out)."""
        await events.write(conn, notes, self.clock())

    async def run(self) -> None:
        while True:
            await self.nonempty.wait()
            self.writing = self._gather()
            await self._commit(self.writing)
            self.writing = []
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
        while batch:
            try:
                chain = await self._write(batch)
            except StaleHead:
                self.writer.forget(batch)
                continue
            except Fenced as error:
                batch = self._turn_away(batch, error)
                continue
            except AWAY as error:
                done = await self._wait_for_database(error)
                if done is None:
                    continue
                chain = done
            except Exception as error:  # whatever it is, it must not end the inbox: the other stations go on
                return await self._part(batch, error)
            self._let_go(batch, chain)
            return None
        return None

    def _turn_away(self, batch: list[Entry], error: Fenced) -> list[Entry]:
        """What older sessions brought is not written, and they are told; the others go on."""
        fenced = [entry for entry in batch if self.writer.is_fenced(entry)]
        for entry in fenced:
            entry.failed = error
        _tell(fenced)
        return [entry for entry in batch if entry.failed is None]

    def _let_go(self, batch: Sequence[Entry], chain: Chain) -> None:
        self.writer.committed(chain, batch)
        self.away_since, self.attempted = None, None
        self.last_batch = len(batch)
        self.committed += len(batch)
        self.figures.note(batch, self.clock())
        # Soon, not now: the next batch goes to the database first, and is written while these are answered.
        asyncio.get_running_loop().call_soon(_tell, batch)

    async def _write(self, batch: Sequence[Entry], *, projected: bool = True, error: str = "") -> Chain:
        self.attempted = None
        with span("commit messages", messages=len(batch)):
            return await self._commit_rows(batch, projected, error)

    async def _commit_rows(self, batch: Sequence[Entry], projected: bool, error: str) -> Chain:
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
        self.figures.quarantined += 1
        log.warning("message_quarantined", station=line.station, message=line.message_id, action=line.action,
                    error=str(error))
        try:
            chain = await self._write(batch, projected=False, error=f"{type(error).__name__}: {error}")
        except (*AWAY, StaleHead, Fenced):
            self.writer.forget(batch)
            await self._commit(batch)
        except Exception as worse:  # not even the journal takes it: the session that brought it is told
            batch[0].failed = worse
            _tell(batch)
        else:
            self._let_go(batch, chain)
        return None

    async def _wait_for_database(self, error: BaseException) -> Chain | None:
        """The database is away: nobody is answered, stations keep their messages, we try again.

        Gives the chain of a batch whose commit had happened although its answer was lost: the stored
        rows say so, since no other writing could have the same hashes.
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
                async with self.db.acquire(timeout=10) as conn, conn.transaction():
                    stored = await journal.holds(conn, attempted)
                return attempted if stored else None


def _tell(batch: Sequence[Entry]) -> None:
    for entry in batch:
        if entry.told is None:
            continue
        try:
            entry.told(entry)
        except Exception:  # one session's trouble is not the others'
            log.exception("answer_not_sent", station=entry.line.station, message=entry.line.message_id,
                          action=entry.line.action)


def _resolve(done: asyncio.Future[Entry], entry: Entry) -> None:
    if done.cancelled():
        return
    if entry.failed:
        done.set_exception(entry.failed)
    else:
        done.set_result(entry)
