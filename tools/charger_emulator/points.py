"""When a transaction of 2.x begins and ends: TxStartPoint and TxStopPoint (E01, E06). Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .machine import Machine

BY_PLUG = frozenset({"ParkingBayOccupancy", "EVConnected"})
BY_TOKEN = frozenset({"Authorized"})
BY_POWER = frozenset({"DataSigned", "PowerPathClosed", "EnergyTransfer"})
"""Both are there: how every transaction of 1.6 begins."""

ENDS_LEAVE = frozenset({
    "Local", "Remote", "DeAuthorized", "StoppedByEV", "MasterPass", "LocalOutOfCredit", "EnergyLimitReached",
    "TimeLimitReached", "SOCLimitReached",
})  # fmt: skip
"""Stop reasons that end charging while the cable stays in."""


def starts(station: Machine) -> frozenset[str]:
    """Where transactions begin before token and cable are both there; none in 1.6."""
    if station.speech.version == "ocpp1.6":
        return frozenset()
    return frozenset(station.settings.members("TxCtrlr.TxStartPoint"))


def goes_on(station: Machine, reason: str) -> bool:
    """Whether the transaction goes on, without power, until the cable is out."""
    if station.speech.version == "ocpp1.6" or reason not in ENDS_LEAVE:
        return False
    stops = frozenset(station.settings.members("TxCtrlr.TxStopPoint"))
    return bool(stops) and not stops & (BY_TOKEN | BY_POWER)
