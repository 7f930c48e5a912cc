"""The office behind the desk: watch, post and what else happens without anybody asking. Put together here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from complaints import hooks
from complaints.desk import Desk
from complaints.duty import Watch
from complaints.incidents import Lookout
from complaints.intake.doors import Doors
from complaints.outbound import AppriseTransport, Courier, HookTransport, Transport, targets
from complaints.record import access, heads
from complaints.reports import Improvement, Reports
from complaints.upkeep.rounds import Upkeep
from complaints.upkeep.watch import ReadingWatch
from complaints.worker import Part
from csms.api import Csms
from csms.kit.clock import Clock
from csms.kit.db import Db


@dataclass(frozen=True, slots=True)
class OfficeOptions:
    """`notify_email`, `notify_sms`: apprise URLs with {to} where the address belongs."""

    notify_email: str | None = None
    notify_sms: str | None = None
    heads: Path | None = None
    """Where the daily signed heads go; beside it lies the key that signs them."""
    hook_networks: tuple[targets.Network, ...] = ()
    """Where, besides the public internet, systems may be that we call."""


class Office:
    """Everything that runs beside the desk over the same database."""

    def __init__(
        self, db: Db, csms: Csms, desk: Desk, clock: Clock, options: OfficeOptions | None = None, *,
        transports: Mapping[str, Transport] | None = None,
    ) -> None:
        """`transports` stand in for the real ones in tests."""
        self.db, self.csms, self.desk, self.clock = db, csms, desk, clock
        self.options = options or OfficeOptions()
        self.watch = Watch(db, clock)
        self.lookout = Lookout(db, csms, desk, clock)
        self.doors = Doors(db, desk, clock)
        self.reports = Reports(db, csms, clock, desk.options.zone)
        self.improvement = Improvement(db, self.reports, clock)
        self.upkeep = Upkeep(db, csms, clock)
        self.readings = ReadingWatch(db, csms, clock)
        carriers = self._carriers() if transports is None else transports
        self.courier = Courier(db, clock, carriers, zone=desk.options.zone, heard=desk.money.heard)

    @property
    def parts(self) -> Sequence[Part]:
        """What the worker does for it in every round, in this order."""
        return (
            *self.watch.parts, *self.lookout.parts, *self.readings.parts, *self.upkeep.parts, *self.improvement.parts,
            self.courier.round, self.daily,
        )

    async def daily(self) -> bool:
        """The day's head over all threads, and what has outlived its retention."""
        now = self.clock()
        async with self.db.acquire() as conn, conn.transaction():
            if not await heads.due(conn, now):
                return False
            folder = self.options.heads
            await access.forget_old(conn, now)
            await heads.make_head(conn, now, heads.key_in(folder.parent / "heads.key") if folder else None, folder)
        return True

    def _carriers(self) -> dict[str, Transport]:
        made: dict[str, Transport] = {"staff": AppriseTransport(), "hook": HookTransport(
            self._hook, self.clock, networks=self.options.hook_networks
        )}
        for channel, template in (("email", self.options.notify_email), ("sms", self.options.notify_sms)):
            if template:
                made[channel] = AppriseTransport(template)
        return made

    async def _hook(self, name: str) -> tuple[str, str] | None:
        async with self.db.acquire() as conn:
            return await hooks.find(conn, name)
