"""What the central system has left with a station: texts, networks, tariffs, grid controls. Facts only."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

from .link import Payload


@dataclass
class Shelf:
    displays: dict[int, Payload] = field(default_factory=dict)
    """Messages on the display, by id (2.0.1: O)."""
    costs: dict[str, float] = field(default_factory=dict)
    """Running totals as told by CostUpdated, by transaction (2.0.1: I02)."""
    networks: dict[int, Payload] = field(default_factory=dict)
    """Connection profiles, by configuration slot (2.0.1: B09)."""
    firmware: dict[str, str] = field(default_factory=dict)
    """Firmware published to a local network: checksum -> location (2.0.1: L03)."""
    tariffs: dict[int, Payload] = field(default_factory=dict)
    """Default tariffs, by EVSE, 0 for all (2.1: I)."""
    controls: dict[str, Payload] = field(default_factory=dict)
    """Grid controls, by controlId (2.1: R)."""
    streams: dict[int, Payload] = field(default_factory=dict)
    """Periodic event streams that are open, by id (2.1: N11)."""
    event_ids: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    """Numbers for NotifyEvent."""
