"""An emulator of charging stations that speak OCPP 1.6J, 2.0.1 and 2.1."""

from .clock import Clock
from .fleet import Fleet
from .ledger import Asked, Entry
from .physics import Vehicle
from .quirks import QUIRKS
from .station import Locked, Station
from .tokens import Token
from .wire import Backoff

__all__ = ["QUIRKS", "Asked", "Backoff", "Clock", "Entry", "Fleet", "Locked", "Station", "Token", "Vehicle"]
