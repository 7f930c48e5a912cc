"""A charging station, with the people and the mishaps around it."""

from __future__ import annotations

from .connectors import Connector, Fault, Transaction
from .machine import Machine
from .physics import Vehicle
from .tokens import Leave, Token, as_token


class Locked(Exception):
    """The cable cannot be pulled: the lock is jammed."""


class Station(Machine):
    """An emulated charging station.

    `url` is the central system's OCPP endpoint without the station's id. `protocol` is ocpp1.6, ocpp2.0.1
    or ocpp2.1, or several with commas, best first. `connectors` are the rated powers in kW; connector n is
    EVSE n with its connector 1. Above 22 kW an outlet is DC. `time_scale` (or an own `clock`) makes time
    pass faster for charging, meter intervals, heartbeats and boots; `message_timeout_s` and `backoff` are
    in our own seconds. `settings` are configuration values by 1.6 key. `quirks` are names of
    `charger_emulator.quirks.QUIRKS`.
    """

    # What a driver does

    async def plug_in(self, evse: int, vehicle: Vehicle | None = None) -> None:
        """Put the cable into a vehicle. Begins the transaction of a token that was already accepted."""
        connector = self.connectors[evse]
        self.sessions.advance()
        connector.vehicle, connector.finished = vehicle or Vehicle(), False
        self.note(f"connector {evse}: plugged in")
        if connector.authorized is not None:
            self.sessions.begin(connector, "RemoteStart" if connector.remote_start_id else "CablePluggedIn")
        self.sessions.notice(connector)

    async def unplug(self, evse: int) -> None:
        """Pull the cable on the vehicle's side. Raises Locked if a jammed lock holds it."""
        connector = self.connectors[evse]
        if connector.locked and connector.lock_jammed:
            raise Locked(f"connector {evse}")
        self.sessions.advance()
        connector.vehicle = None
        self.note(f"connector {evse}: unplugged")
        if self.settings.flag("StopTransactionOnEVSideDisconnect"):
            self.sessions.end(connector, "EVDisconnected")
        connector.finished = False
        self.sessions.notice(connector)

    async def present_token(self, evse: int, token: Token | str) -> str:
        """Hold a card to the reader: starts, or stops what the same card (or its group) has started.

        Returns the authorization status: Accepted, Invalid, Blocked ..., or NoPower. A transaction ended by its own
        token needs no Authorize (1.6: 4.1).
        """
        card, connector = as_token(token), self.connectors[evse]
        tx = connector.transaction
        if not self.powered:
            return "NoPower"
        if tx is not None and tx.token.id == card.id:
            self.sessions.end(connector, "Local", token=card)
            return "Accepted"
        leave = await self.sessions.authorize(card)
        if not leave.ok:
            self.note(f"connector {evse}: {card.id} is {leave.status}")
        elif connector.transaction is not None:
            self._stop_for_group(connector, card, leave)
        elif self.orders.free_for(card, evse) is not None:
            self.sessions.admit(connector, card, "Authorized", leave)
        return leave.status

    def _stop_for_group(self, connector: Connector, card: Token, leave: Leave) -> None:
        tx = connector.transaction
        if tx is not None and leave.group is not None and tx.group == leave.group:
            self.sessions.end(connector, "Local", token=card)

    async def start_locally(self, evse: int, token: Token | str = "LOCAL") -> Transaction | None:
        """Start without asking anybody, as a free-charging station does. None if a lock does not close."""
        connector = self.connectors[evse]
        self.sessions.admit(connector, as_token(token), "Authorized", Leave("Accepted"))
        return connector.transaction

    async def stop(self, evse: int, reason: str = "Local", token: Token | str | None = None) -> Transaction | None:
        """End the transaction for a reason in 1.6's or 2.0.1's words. None if there is none."""
        return self.sessions.end(self.connectors[evse], reason, token=as_token(token) if token else None)

    # What breaks

    async def fault(
        self,
        evse: int,
        code: str,
        info: str = "",
        *,
        vendor_code: str = "",
        vendor: str = "",
        blocking: bool = True,
        stops: bool = True,
    ) -> None:
        """A fault appears on a connector, or on the whole station (evse 0).

        `code` is a 1.6 errorCode or EmergencyStop. `blocking=False` is a notice with the status unchanged;
        `stops=False` leaves a running transaction open under Faulted, as some stations do.
        """
        fault = Fault(code, info, vendor_code, vendor, blocking)
        for connector in [self.itself, *self.connectors.values()] if evse == 0 else [self.connectors[evse]]:
            self.set_fault(connector, fault, stops)

    async def clear_fault(self, evse: int, code: str | None = None) -> None:
        """A fault is over; without `code`, every fault there is."""
        for connector in [self.itself, *self.connectors.values()] if evse == 0 else [self.connectors[evse]]:
            for fault in [f for f in connector.faults.values() if code in (None, f.code)]:
                del connector.faults[fault.code]
                self._say_event(connector, fault, cleared=True)
            self.sessions.notice(connector)

    async def emergency_stop(self) -> None:
        """Somebody hits the emergency button: everything stops, everything is faulted until `clear_fault(0)`."""
        await self.fault(0, "EmergencyStop", "Emergency stop pressed")

    def set_contactor(self, evse: int, *, stuck_open: bool) -> None:
        """A contactor that does not close: sessions run, no power flows (SuspendedEVSE)."""
        self.sessions.advance()
        self.connectors[evse].outlet.contactor_stuck_open = stuck_open
        self.sessions.notice(self.connectors[evse])

    def set_lock(self, evse: int, *, jammed: bool) -> None:
        """A lock that does not move: an open one fails the next start, a closed one holds the cable after the stop."""
        connector = self.connectors[evse]
        connector.lock_jammed = jammed
        fault = None if jammed else connector.faults.pop("ConnectorLockFailure", None)
        if fault is not None:
            connector.locked = connector.transaction is not None
            self._say_event(connector, fault, cleared=True)
        self.sessions.notice(connector)

    def set_derating(self, evse: int, factor: float) -> None:
        """The station gives only this part of its rated power (0 to 1)."""
        self.sessions.advance()
        self.connectors[evse].outlet.derating = factor
        self.sessions.notice(self.connectors[evse])
