"""The public face of csms: everything another package may do with it.

* `facts`      what is on record: stations, faults, transactions, the journal, news
* `trade`      payments, tariffs, tokens
* `asking`     commands, from asking to their end
* `receiving`  files that stations bring
"""

from __future__ import annotations

from csms.api.asking import Asking
from csms.api.facts import Facts
from csms.api.news import Event as Event, FrameRow as FrameRow
from csms.api.receiving import Receiving
from csms.api.trade import Trade, tariff_of as tariff_of
from csms.archive import Archive
from csms.gateway.relay import Relay
from csms.gateway.vault import Vault
from csms.kit.clock import Clock
from csms.kit.db import Db


class Csms(Facts, Trade, Asking, Receiving):
    """Everything behind one database pool and the relay that reaches the sockets."""

    def __init__(self, db: Db, relay: Relay, clock: Clock, vault: Vault | None = None) -> None:
        super().__init__(db, relay, clock, vault)
        self.archive = Archive(db, clock)
