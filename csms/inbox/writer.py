"""A batch put into an open transaction: journal, chain, projections, replies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from csms import events, journal, meters, stations, transactions
from csms.errors import Fenced
from csms.inbox.entries import Arrival, Departure, Entry, Lost, Policy, Settlement
from csms.inbox.projection import acknowledge_only, derive
from csms.inbox.record import record
from csms.journal import Chain
from csms.kit.clock import Clock, system_clock
from csms.kit.db import Conn
from csms.vocabulary.heard import Notes


@dataclass(slots=True)
class Writer:
    """Writes batches; knows the heads of the chains it has moved, and which sessions may move them.

    While a head that is known here is the stored one, nobody else has written, so the session is the present one
    too: the fence costs no query.
    """

    policy: Policy = field(default_factory=Policy)
    clock: Clock = system_clock
    heads: dict[str, journal.Head] = field(default_factory=dict)
    sessions: dict[str, int] = field(default_factory=dict)
    vouched: transactions.Vouched = field(default_factory=transactions.Vouched)
    triggered: dict[str, datetime] = field(default_factory=dict)
    """Stations that were asked for a message just now: even a reading may be what a command waits for."""

    async def write(self, conn: Conn, batch: Sequence[Entry], *, projected: bool = True) -> Chain:
        """Put a batch (one entry a station) into the open transaction. Heads move with `committed`."""
        chain = await self._chain(conn, batch)
        for entry in batch:
            entry.seq = chain.next_seq(entry.line.station)
        notes = Notes()
        readings: list[meters.Column] = []
        if projected:
            readings = await derive(conn, batch, self.policy, notes, self.vouched, self.triggered)
        else:
            await acknowledge_only(conn, batch, self.policy)
        _journal(chain, batch)
        await record(conn, chain, readings)
        await journal.count_repairs(conn, [e.line for e in batch if e.line.repairs], notes.rules)
        await events.write(conn, notes, self.clock())
        return chain

    async def _chain(self, conn: Conn, batch: Sequence[Entry]) -> Chain:
        wanted = [e.line.station for e in batch]
        if missing := [s for s in wanted if s not in self.heads]:
            self.heads |= await journal.load_heads(conn, missing)
            # After the heads: who comes in between makes them stale, and this batch is read anew.
            self.sessions |= await stations.sessions(conn, missing)
        if any(self.is_fenced(entry) for entry in batch):
            raise Fenced("a newer connection speaks for one of these stations")
        return Chain({station: self.heads[station] for station in wanted})

    def is_fenced(self, entry: Entry) -> bool:
        """Whether it comes from a session that is over. What such a one may still say is that it ended, and what
        its station answered before: both are guarded by its number.
        """
        session = entry.line.session
        return (
            session is not None and session < self.sessions.get(entry.line.station, 0)
            and not isinstance(entry.then, Departure | Settlement)
        )

    def committed(self, chain: Chain, batch: Sequence[Entry] = ()) -> None:
        self.heads.update(chain.heads)
        for entry in batch:
            if isinstance(entry.then, Arrival | Lost) and isinstance(entry.result, int):
                self.sessions[entry.line.station] = entry.result

    def forget(self, batch: Sequence[Entry]) -> None:
        for entry in batch:
            self.heads.pop(entry.line.station, None)


def _journal(chain: Chain, batch: Sequence[Entry]) -> None:
    for entry in batch:
        if entry.answer and entry.reply:
            entry.text = entry.answer(entry.reply)
        chain.add(entry.line, entry.text, entry.reply.now if entry.reply else None)
