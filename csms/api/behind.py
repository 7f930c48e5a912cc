"""What every part of the public face works with."""

from __future__ import annotations

from csms import stations
from csms.gateway.relay import Relay
from csms.gateway.vault import Vault
from csms.kit.clock import Clock
from csms.kit.db import Db
from csms.vocabulary import Station


class Behind:
    """One database pool, the relay that reaches the sockets, and the clock."""

    def __init__(self, db: Db, relay: Relay, clock: Clock, vault: Vault | None = None) -> None:
        self.db, self.relay, self.clock, self.vault = db, relay, clock, vault or Vault()

    async def station(self, id: str) -> Station | None:
        """The station with its connectors, or None."""
        async with self.db.acquire() as conn:
            found = await stations.find_many(conn, [id])
        return found[0] if found else None
