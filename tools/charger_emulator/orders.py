"""What the central system may order, and what the station makes of it, in any version."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from . import errands, profiles
from .connectors import Connector, Reservation
from .outbox import Message
from .profiles import Profile
from .tokens import Leave, Token

if TYPE_CHECKING:
    from .machine import Machine


class Orders:
    """Decides at once; what takes time is started after the answer is out."""

    def __init__(self, station: Machine) -> None:
        self._station = station

    def connector(self, evse: int | None) -> Connector | None:
        """A connector by number; None if there is no such one."""
        return self._station.connectors.get(evse or 0)

    def running(self, name: int | str) -> Connector | None:
        """Where the transaction with this 1.6 number or 2.0.1 reference is running."""
        for connector in self._station.connectors.values():
            tx = connector.transaction
            if tx is not None and name in (tx.number, tx.reference):
                return connector
        return None

    def free_for(self, token: Token, evse: int | None) -> Connector | None:
        """The connector a remote start would use: the named one, or a plugged-in one, or any that is free."""
        wanted = [self.connector(evse)] if evse else list(self._station.connectors.values())
        usable = [c for c in wanted if c is not None and _usable(c, token)]
        return next((c for c in usable if c.plugged), None) or next(iter(usable), None)

    def start(
        self, connector: Connector, token: Token, remote_start_id: int | None, profile: Profile | None = None
    ) -> None:
        """Carry out an accepted remote start; ask about the token first if so configured (1.6: 5.11).

        A profile that came with it holds for the transaction that begins (1.6: 5.16.2; 2.0.1: F01.FR.09).
        """
        connector.profile = profile
        if self._station.settings.flag("AuthorizeRemoteTxRequests"):
            self._station.spawn(self._start_if_allowed(connector, token, remote_start_id), "remote start")
        else:
            self._station.sessions.admit(connector, token, "RemoteStart", Leave("Accepted"), remote_start_id)

    async def _start_if_allowed(self, connector: Connector, token: Token, remote_start_id: int | None) -> None:
        leave = await self._station.sessions.authorize(token)
        if leave.ok and _usable(connector, token):
            self._station.sessions.admit(connector, token, "RemoteStart", leave, remote_start_id)

    def stop(self, connector: Connector) -> None:
        """Carry out an accepted remote stop."""
        self._station.sessions.end(connector, "Remote")
        connector.stuck = "stuck_finishing" in self._station.quirks

    def unlock_result(self, connector: Connector) -> str:
        """What an unlock would come to: Unlocked or UnlockFailed."""
        opens = not connector.lock_jammed or "unlock_lies" in self._station.quirks
        return "Unlocked" if opens else "UnlockFailed"

    def unlock(self, connector: Connector) -> None:
        """Open the lock, ending what runs on it (1.6: 5.18)."""
        self._station.sessions.end(connector, "UnlockCommand")
        connector.authorized = None
        connector.locked = connector.locked and connector.lock_jammed
        self._station.sessions.notice(connector)

    def availability(self, evse: int | None, operative: bool) -> str:
        """Accepted, or Scheduled while a transaction runs (1.6: 5.2; 2.0.1: G03, G04)."""
        station = self._station
        connectors = [station.connectors[evse]] if evse else list(station.connectors.values())
        scheduled = False
        for connector in connectors:
            if connector.transaction is not None and not operative:
                connector.becomes_operative = operative
                scheduled = True
            else:
                connector.operative, connector.becomes_operative = operative, None
        if not evse:
            station.itself.operative = operative
        return "Scheduled" if scheduled else "Accepted"

    def tell_all(self) -> None:
        """Report whatever an order changed."""
        for connector in (self._station.itself, *self._station.connectors.values()):
            self._station.sessions.notice(connector)

    def reserve(self, id: int, evse: int | None, token: Token, group: str | None, expires_at: datetime) -> str:
        """Hold a connector for a token (1.6: 5.13; 2.0.1: H01). The same id again replaces the reservation."""
        self.cancel(id)
        wanted = [self.connector(evse)] if evse else list(self._station.connectors.values())
        found = [c for c in wanted if c is not None]
        if not found:
            return "Rejected"
        free = next((c for c in found if c.status == "Available"), None)
        if free is None:
            word = {"Faulted": "Faulted", "Unavailable": "Unavailable"}
            return word.get(found[0].status, "Occupied")
        free.reservation = Reservation(id, token, group, expires_at)
        wait = (expires_at - self._station.now()).total_seconds()
        self._station.later(wait, lambda: self._expire(free, id))
        return "Accepted"

    def _expire(self, connector: Connector, id: int) -> None:
        if connector.reservation is not None and connector.reservation.id == id:
            connector.reservation = None
            message = self._station.speech.reservation_ended(id, "Expired")
            if message is not None:
                self._station.say(message)
            self._station.sessions.notice(connector)

    def cancel(self, id: int) -> bool:
        """End a reservation; false if there is none of that id."""
        for connector in self._station.connectors.values():
            if connector.reservation is not None and connector.reservation.id == id:
                connector.reservation = None
                return True
        return False

    def triggers(self, message: str, evse: int | None) -> Callable[[], None] | None:
        """How to send what TriggerMessage names (1.6: 5.17; 2.0.1: F06); None for what we cannot send."""
        chosen = [self._station.connectors[evse]] if evse else list(self._station.connectors.values())
        everyone = chosen if evse else [self._station.itself, *chosen]
        known: dict[str, Callable[[], None]] = {
            "BootNotification": lambda: self._station.boot("Triggered"),
            "Heartbeat": self._station.heartbeat,
            "StatusNotification": lambda: self._status_again(everyone),
            "MeterValues": lambda: self._station.meter_now(chosen, "Trigger"),
            "TransactionEvent": lambda: self._station.meter_now([c for c in chosen if c.transaction], "Trigger"),
            "DiagnosticsStatusNotification": partial(self._say_idle, self._station.speech.log_status),
            "LogStatusNotification": partial(self._say_idle, self._station.speech.log_status),
            "FirmwareStatusNotification": partial(self._say_idle, self._station.speech.firmware_status),
            "PublishFirmwareStatusNotification": self._publishing_idle,
            "SignChargePointCertificate": partial(errands.sign_certificate, self._station),
            "SignChargingStationCertificate": partial(errands.sign_certificate, self._station),
            "SignV2GCertificate": partial(errands.sign_certificate, self._station, "V2GCertificate"),
        }
        if message not in known and "custom_operation" in self._station.quirks:
            return self._custom_operation
        return known.get(message)

    def _publishing_idle(self) -> None:
        self._station.say(Message("PublishFirmwareStatusNotification", lambda: {"status": "Idle"}))

    def _custom_operation(self) -> None:
        self._station.say(Message("CustomOperation", dict))

    def _status_again(self, connectors: list[Connector]) -> None:
        for connector in connectors:
            self._station.sessions.tell_status(connector, again=True)

    def _say_idle(self, how: Callable[[str, int | None], Message]) -> None:
        self._station.say(how("Idle", None))

    def set_profile(self, profile: Profile) -> bool:
        """Install a charging profile, replacing one of the same id or of the same place (1.6: 5.16)."""
        connector = self.connector(profile.evse)
        if "ignores_profiles" in self._station.quirks:
            return True
        if profile.purpose == "TxProfile" and (connector is None or connector.transaction is None):
            return False
        if profile.evse and profile.evse not in self._station.connectors:
            return False
        kept = [p for p in self._station.profiles if not _replaces(profile, p)]
        self._station.profiles = [*kept, profile]
        return True

    def clear_profiles(self, id: int | None, evse: int | None, purpose: str | None, stack: int | None) -> bool:
        """Remove the profiles that match all that is given; false if there was none (1.6: 5.5)."""
        gone = [
            p
            for p in self._station.profiles
            if (id is None or p.id == id)
            and (evse is None or p.evse == evse)
            and (purpose is None or p.purpose == purpose)
            and (stack is None or p.stack == stack)
        ]
        self._station.profiles = [p for p in self._station.profiles if p not in gone]
        return bool(gone)

    def composite(self, evse: int, seconds: int) -> list[tuple[int, float]]:
        """The limits to come on one EVSE, as (start in s, W)."""
        connector = self._station.connectors[evse]
        began = connector.transaction.started_at if connector.transaction else None
        now = self._station.now()
        return profiles.composite(self._station.profiles, evse, now, seconds, connector.outlet.rated_w, began)


def _usable(connector: Connector, token: Token) -> bool:
    reserved = connector.reservation
    if reserved is not None and token.id not in (reserved.token.id, reserved.group):
        return False
    tx = connector.transaction
    waits = tx is not None and not tx.permitted and tx.stop_reason is None
    return (tx is None or waits) and connector.operative and not (connector.blocked or connector.stuck)


def _replaces(new: Profile, old: Profile) -> bool:
    same_place = (new.evse, new.purpose, new.stack) == (old.evse, old.purpose, old.stack)
    return new.id == old.id or same_place
