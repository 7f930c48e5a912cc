"""What every session of a gateway works with."""

from __future__ import annotations

from dataclasses import dataclass, field

from csms.gateway.vault import Vault
from csms.inbox import Inbox
from csms.kit.clock import Clock
from csms.kit.db import Db


@dataclass(frozen=True, slots=True)
class Parts:
    """Shared by all of them."""

    db: Db
    inbox: Inbox
    clock: Clock
    node: str
    answer_within_s: float
    log_frames: bool = False
    vault: Vault = field(default_factory=Vault)
