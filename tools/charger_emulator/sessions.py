"""Charging sessions on one station: authorize, begin, meter, end; and telling the central system each change."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from . import physics, points, profiles
from .connectors import Connector, Fault, Reading, Transaction
from .outbox import Reply
from .tokens import Leave, Token

if TYPE_CHECKING:
    from .machine import Machine

STEP_S = 10.0
"""Longest time the power is taken for constant."""

END_OF_FAULT = {
    "EmergencyStop": "EmergencyStop",
    "GroundFailure": "GroundFault",
    "OverCurrentFailure": "OvercurrentFault",
    "CX008": "EmergencyStop",
    "CX015": "PowerLoss",
}
"""Stop reasons, in 2.0.1's words, of faults that have one of their own."""

TRIGGERS = {
    "Local": "StopAuthorized",
    "Remote": "RemoteStop",
    "EVDisconnected": "EVCommunicationLost",
    "UnlockCommand": "UnlockCommand",
    "DeAuthorized": "Deauthorized",
    "SoftReset": "ResetCommand",
    "HardReset": "ResetCommand",
    "StoppedByEV": "ChargingStateChanged",
    "EnergyLimitReached": "EnergyLimitReached",
    "TimeLimitReached": "TimeLimitReached",
    "SOCLimitReached": "ChargingStateChanged",
    "LocalOutOfCredit": "StopAuthorized",
    "Timeout": "EVConnectTimeout",
}
"""2.0.1 triggerReason of a stop; anything else is an AbnormalCondition."""


class Sessions:
    """The rules between a driver, a connector and the central system, in any version."""

    def __init__(self, station: Machine) -> None:
        self._station = station
        self._advanced_to = station.now()
        self.history: list[Transaction] = []
        """Ended transactions, oldest first."""

    # Who may charge

    async def authorize(self, token: Token) -> Leave:
        """Ask the list, the cache, the central system, in the order the settings want (1.6: 4.1, 3.5)."""
        settings, station = self._station.settings, self._station
        known = self._known(token)
        if station.speaking:
            if known and known.ok and settings.flag("LocalPreAuthorize"):
                return known
            reply = await station.say(station.speech.authorize(token)).ended
            if reply.ok:
                leave = station.speech.leave(reply.payload)
                station.tokens.cached[token.id] = leave
                return leave
            if reply.refusal is not None:
                return Leave("Invalid")
        if known is not None and settings.flag("LocalAuthorizeOffline"):
            return known
        return Leave("Accepted" if settings.flag("AllowOfflineTxForUnknownId") else "Invalid")

    def _known(self, token: Token) -> Leave | None:
        tokens, settings = self._station.tokens, self._station.settings
        listed = tokens.listed.get(token.id) if settings.flag("LocalAuthListEnabled") else None
        cached = tokens.cached.get(token.id) if settings.flag("AuthorizationCacheEnabled") else None
        return listed or cached

    def admit(
        self, connector: Connector, token: Token, trigger: str, leave: Leave, remote_start_id: int | None = None
    ) -> None:
        """The token may charge: begin if the cable is in, else wait for it (1.6: ConnectionTimeOut)."""
        connector.authorized, connector.group = token, leave.group
        connector.remote_start_id = remote_start_id
        if connector.transaction is not None:
            self._permit(connector, trigger)
        elif connector.plugged:
            self.begin(connector, trigger)
        if connector.plugged:
            return
        if points.starts(self._station) & points.BY_TOKEN:
            self._open(connector, trigger)
        self.notice(connector)
        wait = self._station.settings.number("ConnectionTimeOut")
        self._station.later(wait, lambda: self._not_plugged_in(connector, token))

    def _not_plugged_in(self, connector: Connector, token: Token) -> None:
        if connector.authorized is token:
            connector.authorized = None
            self._station.note(f"connector {connector.evse}: nobody plugged in for {token.id}")
            self.end(connector, "Timeout")
            self.notice(connector)

    def plugged(self, connector: Connector) -> None:
        """The cable is in: begin for a token that was accepted before, or open without one (TxStartPoint)."""
        trigger = "RemoteStart" if connector.remote_start_id else "CablePluggedIn"
        if connector.transaction is not None:
            self._permit(connector, trigger)
        elif connector.authorized is not None:
            self.begin(connector, trigger)
        elif points.starts(self._station) & points.BY_PLUG:
            self._open(connector, trigger)

    # A transaction's life

    def begin(self, connector: Connector, trigger: str) -> Transaction | None:
        """Lock, begin, let current flow. A lock that does not close is a fault and no transaction begins."""
        token = connector.authorized
        assert token is not None
        if not self._locks(connector):
            return None
        now = self.advance()
        if "session_meter" in self._station.quirks:
            connector.outlet.meter_wh = 0.0
        tx = self._new_transaction(connector, token, now)
        connector.transaction, connector.authorized, connector.finished = tx, None, False
        self._take_profile(connector)
        self._station.note(f"connector {connector.evse}: transaction {tx.reference} begins for {token.id}")
        self._station.say(self._station.speech.begun(tx, trigger))
        self.notice(connector)
        self._station.stir()
        return tx

    def _locks(self, connector: Connector) -> bool:
        if connector.lock_jammed and not connector.locked:
            connector.authorized = None
            self._station.set_fault(connector, Fault("ConnectorLockFailure", "lock does not close"))
            return False
        connector.locked = True
        return True

    def _take_profile(self, connector: Connector) -> None:
        if connector.profile is not None:
            self._station.orders.set_profile(connector.profile)
            connector.profile = None

    def _open(self, connector: Connector, trigger: str) -> None:
        """2.x: a transaction that waits for its token, or for its cable (E01, E02: TxStartPoint)."""
        tx = self._new_transaction(connector, connector.authorized, self.advance())
        tx.permitted, tx.charging_state = False, "EVConnected" if connector.plugged else "Idle"
        connector.transaction, connector.finished = tx, False
        self._station.say(self._station.speech.begun(tx, trigger))
        self._station.stir()

    def _permit(self, connector: Connector, trigger: str) -> None:
        """What was missing is there: power may flow in the transaction that waited."""
        tx, token = connector.transaction, connector.authorized
        if tx is None or tx.permitted or token is None or not connector.plugged or not self._locks(connector):
            return
        new = token if tx.token is None else None
        tx.token, tx.permitted, tx.group = token, True, connector.group
        tx.remote_start_id = tx.remote_start_id or connector.remote_start_id
        connector.authorized = connector.remote_start_id = None
        tx.charging_state = connector.charging_state
        self._take_profile(connector)
        self.tell_changed(connector, trigger, new)
        self.notice(connector)

    def _new_transaction(self, connector: Connector, token: Token | None, now: datetime) -> Transaction:
        reading = connector.read(now, "Transaction.Begin")
        tx = Transaction(connector.evse, token, now, int(connector.meter_wh), reading)
        tx.group, tx.remote_start_id = connector.group, connector.remote_start_id
        tx.limit, connector.limit = connector.limit, None
        tx.offline = not self._station.speaking
        tx.next_sample_at = self._next_sample(now)
        if connector.reservation is not None:
            tx.reservation_id, connector.reservation = connector.reservation.id, None
        connector.remote_start_id = None
        return tx

    def _next_sample(self, now: datetime) -> datetime | None:
        interval = self._station.settings.number("MeterValueSampleInterval")
        return now + timedelta(seconds=interval) if interval > 0 else None

    def end(
        self, connector: Connector, reason: str, trigger: str | None = None, token: Token | None = None
    ) -> Transaction | None:
        """Open the contactor, read the meter, say why. None if nothing was running."""
        tx, now = connector.transaction, self.advance()
        if tx is None:
            return None
        trigger = trigger or TRIGGERS.get(reason, "AbnormalCondition")
        if tx.permitted and connector.plugged and points.goes_on(self._station, reason):
            return self._halt(connector, tx, reason, trigger, token)
        reason, token = tx.stop_reason or reason, tx.stop_token or token
        tx.stopped_at, tx.meter_stop_wh = now, int(connector.meter_wh)
        tx.stop_reason, tx.stop_token = reason, token
        tx.charging_state = "EVConnected" if connector.plugged else "Idle"
        connector.transaction, connector.finished = None, tx.permitted or tx.stop_reason is not None
        tx.end = connector.read(now, "Transaction.End")
        connector.locked = connector.locked and connector.lock_jammed
        self.history.append(tx)
        self._station.note(f"connector {connector.evse}: transaction {tx.reference} ends, {reason}")
        self._station.say(self._station.speech.ended(tx, trigger))
        self._after(connector)
        return tx

    def _halt(
        self, connector: Connector, tx: Transaction, reason: str, trigger: str, token: Token | None
    ) -> Transaction:
        """2.x: charging is over, the transaction is not, until the cable is out (TxStopPoint EVConnected alone)."""
        tx.permitted, tx.stop_reason, tx.stop_token = False, reason, token
        tx.charging_state = "EVConnected"
        connector.finished = True
        connector.locked = connector.locked and connector.lock_jammed
        self.tell_changed(connector, trigger, token)
        self._after(connector)
        return tx

    def cost(self, connector: Connector, total: float) -> None:
        """What the transaction has cost so far, as the central system reckons."""
        limit = connector.transaction.limit if connector.transaction else None
        if limit is not None and limit.cost is not None and total >= limit.cost:
            self.end(connector, "LocalOutOfCredit")

    def _after(self, connector: Connector) -> None:
        self._station.forget_profiles(connector.evse)
        if connector.becomes_operative is not None:
            connector.operative, connector.becomes_operative = connector.becomes_operative, None
        if connector.locked:
            self._station.set_fault(connector, Fault("ConnectorLockFailure", "lock does not open"))
        self.notice(connector)

    def started(self, tx: Transaction, leave: Leave | None) -> None:
        """The central system has answered our start; it may not like the token (1.6: StopTransactionOnInvalidId)."""
        connector = self._station.connectors[tx.evse]
        if leave is None:
            return
        if tx.token is not None:
            self._station.tokens.cached[tx.token.id] = leave
        if leave.ok or connector.transaction is not tx:
            return
        if self._station.settings.flag("StopTransactionOnInvalidId"):
            self.end(connector, "DeAuthorized")
        else:
            tx.deauthorized = True
            self.notice(connector, "Deauthorized")

    # Time passes

    def advance(self) -> datetime:
        """Let energy flow up to now, sampling where a sample fell due meanwhile. Returns now."""
        since, now = self._advanced_to, self._station.now()
        if now <= since:
            return since
        self._advanced_to = now
        for connector in self._station.connectors.values():
            self._advance(connector, since, now)
        return now

    def _advance(self, connector: Connector, since: datetime, now: datetime) -> None:
        tx, at = connector.transaction, since
        if tx is None or connector.vehicle is None:
            physics.warm(connector.outlet, 0.0, (now - since).total_seconds())
        while tx is not None and at < now:
            upto = min(now, at + timedelta(seconds=STEP_S))
            if tx.next_sample_at is not None and at < tx.next_sample_at:
                upto = min(upto, tx.next_sample_at)
            if tx.limit is not None and connector.power_w > 0:
                left = tx.limit.room_wh(connector.meter_wh - tx.begin.energy_wh) * 3600 / connector.power_w
                upto = min(upto, at + timedelta(seconds=min(max(left, 0.001), STEP_S)))
            self._flow(connector, tx, at, upto)
            if tx.next_sample_at is not None and tx.next_sample_at <= upto:
                self._sample(connector, tx, upto)
            at = upto

    def _flow(self, connector: Connector, tx: Transaction, at: datetime, upto: datetime) -> None:
        connector.limit_w = profiles.limit_w(self._station.profiles, connector.evse, at, tx.started_at)
        seconds = (upto - at).total_seconds()
        if connector.power_w > 0 and connector.vehicle is not None:
            tx.charged_s += seconds
            physics.charge(connector.outlet, connector.vehicle, seconds, connector.limit_w)
        else:
            physics.warm(connector.outlet, 0.0, seconds)
        if tx.limit is not None and tx.permitted and tx.limit_reached is None:
            soc = connector.vehicle.soc if connector.vehicle else None
            passed = (upto - tx.started_at).total_seconds()
            tx.limit_reached = tx.limit.reached(connector.meter_wh - tx.begin.energy_wh, passed, soc)

    def _sample(self, connector: Connector, tx: Transaction, at: datetime) -> None:
        tx.next_sample_at = self._next_sample(at)
        if "silent_meter" not in self._station.quirks:
            reading = connector.read(at, "Sample.Periodic")
            self._station.say(self._station.speech.sampled(connector, tx, reading))

    def tick(self) -> None:
        """Advance, and tell what has changed by itself: a full battery, a hot connector, a profile's next period."""
        self.advance()
        for connector in self._station.connectors.values():
            vehicle, tx = connector.vehicle, connector.transaction
            if tx and tx.permitted and tx.limit_reached:
                self.end(connector, tx.limit_reached)
            elif tx and tx.permitted and vehicle and vehicle.ends_session and vehicle.soc >= vehicle.target_soc:
                self.end(connector, "StoppedByEV")
            self.notice(connector)
        self._station.monitors.check(self._station)

    # Telling

    def notice(self, connector: Connector, trigger: str = "ChargingStateChanged") -> None:
        """Tell the central system what is new about a connector: status and faults, then charging state."""
        station, tx = self._station, connector.transaction
        if tx is not None:
            connector.limit_w = profiles.limit_w(station.profiles, connector.evse, station.now(), tx.started_at)
        self.tell_status(connector)
        if tx is not None and tx.charging_state != connector.charging_state:
            tx.charging_state = connector.charging_state
            self.tell_changed(connector, trigger)
        station.changed()

    def tell_changed(self, connector: Connector, trigger: str, token: Token | None = None) -> None:
        """An Updated event of 2.x: why, and with whose token if that is new."""
        tx = connector.transaction
        if tx is not None:
            reading: Reading = connector.read(self._station.now(), "Other")
            message = self._station.speech.changed(tx, trigger, reading, token)
            if message is not None:
                self._station.say(message)

    def tell_status(self, connector: Connector, again: bool = False) -> None:
        """Say the status if it is not what was said last, or `again`. Never while offline (1.6: 4.9)."""
        station = self._station
        faults = tuple(connector.faults.values()) if station.speech.status_tells_faults else ()
        word = station.speech.word(connector)
        if not again and (word, faults) == (connector.said, connector.said_faults):
            return
        station.note(" ".join([f"connector {connector.evse}: {connector.status}", *connector.faults]))
        if not station.speaking:
            return
        message = station.speech.status(connector)
        connector.said, connector.said_faults = word, faults
        if message is not None:
            message.on_reply = lambda reply: self._told(connector, reply)
            station.say(message)

    def _told(self, connector: Connector, reply: Reply) -> None:
        if reply.lost:
            connector.said = None  # nobody heard it: say it again once we are back
