"""A charging station, with the people and the mishaps around it."""

from __future__ import annotations

from . import chargex, errands
from .connectors import Connector, Fault, Limit, Transaction
from .link import Payload
from .machine import Machine
from .outbox import Message
from .physics import Vehicle
from .profiles import STATION, Profile
from .tokens import Leave, Token, as_token
from .v201_more import impose


class Locked(Exception):
    """The cable cannot be pulled: the lock is jammed."""


class Station(Machine):
    """An emulated charging station.

    `url` is the central system's OCPP endpoint without the station's id. `protocol` is ocpp1.6, ocpp2.0.1
    or ocpp2.1, or several with commas, best first. `connectors` are the rated powers in kW; connector n is
    EVSE n with its connector 1. Above 22 kW an outlet is DC. `time_scale` (or an own `clock`) makes time
    pass faster for charging, meter intervals, heartbeats and boots; `message_timeout_s` and `backoff` are
    in our own seconds. `settings` are configuration values by 1.6 key. `quirks` are names of
    `charger_emulator.quirks.QUIRKS`. `ledger_limit` bounds the memory of what was said and asked, for stations that
    live for days; all is kept without it.
    """

    # What a driver does

    async def plug_in(self, evse: int, vehicle: Vehicle | None = None) -> None:
        """Put the cable into a vehicle. Begins the transaction of a token that was already accepted."""
        connector = self.connectors[evse]
        self.sessions.advance()
        connector.vehicle, connector.finished = vehicle or Vehicle(), False
        self.note(f"connector {evse}: plugged in")
        self.sessions.plugged(connector)
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
        if tx is not None and tx.permitted and tx.token is not None and tx.token.id == card.id:
            self.sessions.end(connector, "Local", token=card)
            return "Accepted"
        leave = await self.sessions.authorize(card)
        if not leave.ok:
            self.note(f"connector {evse}: {card.id} is {leave.status}")
        elif connector.transaction is not None and connector.transaction.permitted:
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
        blocking: bool | None = None,
        stops: bool = True,
    ) -> None:
        """A fault appears on a connector, or on the whole station (evse 0).

        `code` is a 1.6 errorCode, EmergencyStop, or a ChargeX code (`CX019`, by name `ChargeX:CableOverTempStop`),
        which knows whether it blocks. `blocking=False` is a notice with the status unchanged; `stops=False` leaves
        a running transaction open under Faulted, as some stations do.
        """
        known = chargex.code_of(code)
        if known is not None:
            fault = chargex.fault_of(known, info, blocking)
        else:
            fault = Fault(code, info, vendor_code, vendor, blocking is not False)
        for connector in [self.itself, *self.connectors.values()] if evse == 0 else [self.connectors[evse]]:
            self.set_fault(connector, fault, stops)

    async def clear_fault(self, evse: int, code: str | None = None) -> None:
        """A fault is over; without `code`, every fault there is."""
        code = (chargex.code_of(code) if code else None) or code
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

    # What else a station has to say

    async def set_limit(
        self,
        evse: int,
        *,
        energy_wh: float | None = None,
        seconds: float | None = None,
        soc: float | None = None,
        cost: float | None = None,
    ) -> None:
        """The driver wants so much and no more, of the running transaction or of the next one."""
        connector, limit = self.connectors[evse], Limit(energy_wh, seconds, soc, cost)
        self.sessions.advance()
        if connector.transaction is None:
            connector.limit = limit
            return
        connector.transaction.limit = limit
        if self.speech.version == "ocpp2.1":
            self.sessions.tell_changed(connector, "LimitSet")

    async def sign_certificate(self, kind: str = "ChargingStationCertificate") -> None:
        """Ask the central system to sign a certificate for a fresh key (1.6 security, 2.0.1: A02)."""
        errands.sign_certificate(self, kind)

    async def security_event(self, type: str, info: str = "") -> None:
        """SecurityEventNotification: one of the types of the security appendix."""
        payload: Payload = {"type": type, "timestamp": self.stamp()} | ({"techInfo": info} if info else {})
        self.say(Message("SecurityEventNotification", lambda: payload, kept=True))

    async def impose_limit(self, evse: int, kw: float) -> None:
        """The grid operator allows only so much (evse 0: all together); 2.x tells so (K12)."""
        profile = Profile(-100 - evse, evse, 0, STATION[-1], "Absolute", "W", [(0, kw * 1000.0, 3)])
        self.sessions.advance()
        if self.speech.version == "ocpp1.6":
            self.profiles = [p for p in self.profiles if p.id != profile.id] + [profile]
            self.orders.tell_all()
        else:
            impose(self, self.connectors.get(evse), profile)

    async def lift_limit(self, evse: int) -> None:
        """And now everything again."""
        self.sessions.advance()
        self.profiles = [p for p in self.profiles if p.id != -100 - evse]
        payload: Payload = {"chargingLimitSource": "SO"} | ({"evseId": evse} if evse else {})
        if self.speech.version != "ocpp1.6":
            self.say(Message("ClearedChargingLimit", lambda: payload))
        self.orders.tell_all()
