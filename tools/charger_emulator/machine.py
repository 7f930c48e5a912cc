"""What a station does by itself: power, boot, heartbeat, passing time, resets."""

from __future__ import annotations

import asyncio
import re
import ssl as tls
from collections.abc import Sequence
from dataclasses import replace
from typing import Self

from . import quirks as oddities
from .clock import Clock, read_time
from .connectors import Connector, Fault
from .core import Core
from .link import Payload, Refusal
from .orders import Orders
from .outbox import Reply
from .physics import Outlet
from .profiles import Profile
from .quirks import answers_oddly
from .sessions import END_OF_FAULT, Sessions
from .settings import Settings
from .speech import Speech
from .tokens import LocalTokens
from .v16 import Speech16
from .v201 import Speech201
from .voice import Done, Voice
from .wire import Backoff, Line, Wire

SOFT_RESET_PATIENCE_S = 10.0
"""How long (our seconds) a soft reset waits for the last messages to be answered."""

BOOT_RETRY_S = 10.0
"""Simulated time until the next boot when the central system did not say."""


class Machine(Core):
    """A charging station without people around it; what the arguments mean is told at Station."""

    def __init__(
        self,
        url: str,
        id: str,
        protocol: str = "ocpp1.6",
        *,
        connectors: Sequence[float] = (60.0,),
        vendor: str = "Ohmbudsman",
        model: str = "Emulator",
        firmware: str = "1.0.0",
        serial: str = "",
        password: str | None = None,
        clock: Clock | None = None,
        time_scale: float = 1.0,
        boot_time_s: float = 5.0,
        meter_start_wh: float = 0.0,
        message_timeout_s: float = 30.0,
        backoff: Backoff | None = None,
        ssl: tls.SSLContext | None = None,
        settings: dict[str, str] | None = None,
        quirks: Sequence[str] | frozenset[str] = (),
        ledger_limit: int | None = None,
    ) -> None:
        super().__init__(id, clock or Clock(time_scale), oddities.check(quirks))
        self.vendor, self.model = vendor, model
        self.firmware, self.serial = firmware, serial
        self.boot_time_s = boot_time_s
        self.itself = Connector(0, Outlet(1.0))
        self.connectors = {
            n: Connector(n, Outlet(kw * 1000.0, meter_wh=meter_start_wh)) for n, kw in enumerate(connectors, start=1)
        }
        self.settings = Settings.of(
            {
                "NumberOfConnectors": str(len(connectors)),
                "ChargingStation.VendorName": vendor,
                "ChargingStation.Model": model,
                "ChargingStation.SerialNumber": serial,
                "ChargingStation.FirmwareVersion": firmware,
            }
            | (settings or {})
        )
        self.tokens = LocalTokens()
        self.profiles: list[Profile] = []
        self.voice = Voice(self.clock, self.settings, self.quirks, self._respond)
        self.voice.changed, self.voice.note = self.changed, self.note
        self.voice.message_timeout_s, self.voice.ledger_limit = message_timeout_s, ledger_limit
        offered = oddities.offer(self.quirks, [p.strip() for p in protocol.split(",")])
        self.wire = Wire(Line(url, id, offered, password, backoff or Backoff(), ssl, habits=self.quirks), self)
        self.sessions = Sessions(self)
        self.orders = Orders(self)
        self.speech: Speech = self._speech_for(oddities.spoken(self.quirks, offered))
        self.powered = False
        self.network = True
        self.boots = 0
        self._boot_reason = "PowerUp"
        self._must_boot = True
        self._offline_since = self.clock.now()
        self._reset_on_idle = False
        self._heartbeat_s: float = 300.0
        self._heart = asyncio.Event()
        self._retuned = asyncio.Event()

    def _speech_for(self, version: str) -> Speech:
        speech: Speech = Speech16(self) if version == "ocpp1.6" else Speech201(self, version)
        self.voice.malformed = speech.malformed
        return speech

    # Power and network

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.shutdown()

    async def start(self, *, wait: bool = True, online: bool = True, timeout: float = 30.0) -> None:
        """Get power, dial, boot. With `wait`, returns once the central system has accepted the boot.

        With `online=False` there is no network until `go_online`: what happens before is told then.
        """
        self.network = online
        self.spawn(self.wire.run(), "wire")
        self.spawn(self.voice.speak(self.wire), "speak")
        self.spawn(self.voice.answer(self.wire), "answer")
        self.spawn(self._pulse(), "pulse")
        self.spawn(self._beat(), "heartbeat")
        self.spawn(self._align(), "aligned")
        await self.power_up("PowerUp", boot_time_s=0.0)
        if wait and online:
            await self.wait_for(_speaking, timeout=timeout)
            await self.drained(timeout)

    async def shutdown(self) -> None:
        """End the emulation: close the socket, forget everything. Not an event in the station's own life."""
        self.powered = False
        await self.wire.hang_up()
        tasks = [t for t in self._tasks if t is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._raise_crash()

    async def go_offline(self) -> None:
        """The network is gone, without a close frame. The station goes on working."""
        self.note("network lost")
        self.network = False
        self.wire.cut()

    async def go_online(self, *, wait: bool = False, timeout: float = 10.0) -> None:
        """The network is back. With `wait`, returns once what was kept has been delivered."""
        self.network = True
        if self.powered:
            self.wire.allow()
        if wait:
            await self.wait_for(_speaking, timeout=timeout)
            await self.drained(timeout)

    async def pass_time(self, seconds: float) -> None:
        """Let simulated time pass at once; a clock shared with other stations moves for them too."""
        self.clock.advance(seconds)
        self.sessions.tick()
        await asyncio.sleep(0)

    async def power_loss(self) -> None:
        """Power fails: the socket dies, current stops, transactions end with PowerLoss, told after power-up."""
        self._go_dark("PowerLoss")

    async def power_up(self, reason: str = "PowerUp", *, boot_time_s: float | None = None) -> None:
        """Power returns: boots for `boot_time_s` of simulated time, dials, sends BootNotification with `reason`."""
        await self.clock.sleep(self.boot_time_s if boot_time_s is None else boot_time_s)
        self.powered, self._booting = True, False
        self._must_boot = self.boots == 0 or "no_boot_after_reconnect" not in self.quirks
        self._boot_reason, self._up_since = reason, self.now()
        self.voice.restart_ids()
        self.note(f"power up, {reason}")
        if self.network:
            self.wire.allow()

    async def reboot(self, reason: str = "LocalReset", stop_reason: str = "Reboot") -> None:
        """Restart without a warning, as by a watchdog; running transactions end with `stop_reason`."""
        self._go_dark(stop_reason)
        await self.power_up(reason)
        await self.wait_for(lambda s: s.speaking, timeout=60.0)

    def _go_dark(self, stop_reason: str) -> None:
        self.powered, self._booting = False, True
        self.note(f"power down, {stop_reason}")
        self.voice.accepted = False
        self.wire.cut()
        for connector in self.connectors.values():
            self.sessions.end(connector, stop_reason)
            if stop_reason == "PowerLoss" and "meter_falls_back" in self.quirks:
                connector.outlet.meter_wh -= min(71.0, connector.outlet.meter_wh)
            connector.finished, connector.stuck, connector.authorized = False, False, None
        self._forget_said()

    def _forget_said(self) -> None:
        for connector in (self.itself, *self.connectors.values()):
            connector.said = None

    def set_fault(self, connector: Connector, fault: Fault, stops: bool = True) -> None:
        """The same as `fault`, on the connector itself."""
        self.sessions.advance()
        connector.faults[fault.code] = fault
        self.sessions.tell_status(connector)
        self._say_event(connector, fault, cleared=False)
        if fault.blocking and stops:
            named = END_OF_FAULT.get(fault.code) or END_OF_FAULT.get(fault.error)
            self.sessions.end(connector, named or "Other")
        self.sessions.notice(connector)

    def _say_event(self, connector: Connector, fault: Fault, *, cleared: bool) -> None:
        message = self.speech.fault_event(connector, fault, cleared)
        if message is not None:
            self.say(message)

    # What the central system orders (see orders.py for the rest)

    def reset(self, kind: str, boot_reason: str = "RemoteReset") -> None:
        """Stop what runs and boot again: SoftReset tells first, HardReset after the boot (1.6: 5.14; 2.0.1: B11)."""
        if "ignores_reset" not in self.quirks and not self._booting:
            self.spawn(self._reset(kind, boot_reason), "reset")

    async def _reset(self, kind: str, boot_reason: str) -> None:
        self._reset_on_idle = False
        if kind == "SoftReset":
            self._booting = True
            for connector in self.connectors.values():
                self.sessions.end(connector, kind)
            try:
                async with asyncio.timeout(SOFT_RESET_PATIENCE_S):
                    await self.voice.drained()
            except TimeoutError:
                self.note("reset without the last answers")
            await self.wire.hang_up()
        self._go_dark(kind)
        await self.power_up(boot_reason)

    def reset_when_idle(self) -> None:
        """Reset once the last transaction has ended (2.0.1: B12)."""
        self._reset_on_idle = True

    def meter_now(self, connectors: list[Connector], context: str) -> None:
        """Read the meters and tell."""
        now = self.sessions.advance()
        for connector in connectors:
            self.say(self.speech.sampled(connector, connector.transaction, connector.read(now, context)))

    def changed(self) -> None:
        """As in Core; and the moment a scheduled reset waits for."""
        super().changed()
        if self._reset_on_idle and not any(c.transaction for c in self.connectors.values()):
            self._reset_on_idle = False
            self.reset("SoftReset", "ScheduledReset")

    def settings_changed(self) -> None:
        """Take up new intervals, and a new password for the next time it dials."""
        if key := self.settings.text("AuthorizationKey"):
            spelt = self.speech.version == "ocpp1.6" and re.fullmatch(r"(?:[0-9a-fA-F]{2}){16,20}", key)
            self.wire.line = replace(self.wire.line, password=bytes.fromhex(key) if spelt else key)
        self._heartbeat_s = self.settings.number("HeartbeatInterval") or self._heartbeat_s
        self._heart.set()
        self._retuned.set()

    def forget_profiles(self, evse: int) -> None:
        """A transaction profile ends with its transaction (1.6: 3.13.1)."""
        self.profiles = [p for p in self.profiles if not (p.purpose == "TxProfile" and p.evse == evse)]

    # Boot and outage

    def opened(self, subprotocol: str | None) -> None:
        """The wire is there: boot, or report what changed while it was not."""
        if subprotocol and subprotocol != self.speech.version and "speaks_16_on_201" not in self.quirks:
            self.speech = self._speech_for(subprotocol)
        self.note(f"connected, {subprotocol}")
        self.voice.connected()
        if self._must_boot or "boot_after_reconnect" in self.quirks:
            self.voice.accepted = False
            self.boot(self._boot_reason)
        else:
            self.voice.accepted = True
            self._report_after_outage()
        self.changed()

    def heard(self, text: str | bytes) -> None:
        if "closes_on_large_frames" in self.quirks and len(text) > oddities.LARGE_FRAME:
            self.wire.drop()
        else:
            self.voice.heard(text)

    def closed(self) -> None:
        self.note("disconnected")
        self._offline_since = self.now()
        self.voice.disconnected()
        self.changed()

    def _report_after_outage(self) -> None:
        # 2.0.1 reports every connector after a long outage (OfflineThreshold, B04), otherwise only what changed.
        long = (self.now() - self._offline_since).total_seconds() > self.settings.number(
            "OCPPCommCtrlr.OfflineThreshold"
        )
        for connector in (self.itself, *self.connectors.values()):
            self.sessions.tell_status(connector, again=long and self.speech.version != "ocpp1.6")

    def boot(self, reason: str) -> None:
        """Send BootNotification, with a reason in 2.0.1's words."""
        message = self.speech.boot(reason)
        message.on_reply = self._booted
        self.say(message)

    def _booted(self, reply: Reply) -> None:
        if not reply.ok:
            self._boot_later(BOOT_RETRY_S)
            return
        answer = self.speech.boot_answer(reply.payload)
        self.boot_status = answer.status
        self._set_clock(answer.at)
        if answer.status == "Accepted":
            self._accepted(answer.interval_s)
        else:
            self.voice.accepted = False
            self._boot_later(answer.interval_s or BOOT_RETRY_S)

    def _boot_later(self, seconds: float) -> None:
        connection = self.voice.connections
        self.later(seconds, lambda: self._boot_again(connection))

    def _boot_again(self, connection: int) -> None:
        if self.online and not self.voice.accepted and connection == self.voice.connections:
            self.boot(self._boot_reason)

    def _accepted(self, heartbeat_s: float) -> None:
        if heartbeat_s > 0:
            self.settings.put("HeartbeatInterval", str(int(heartbeat_s)))
            self.settings_changed()
        if self.voice.accepted:
            return  # a triggered boot changes nothing else
        self.voice.accepted, self._must_boot = True, False
        self.boots += 1
        if self.boots == 1 and "old_backlog" in self.quirks and self.speech.version == "ocpp1.6":
            for message in oddities.backlog(self.now()):
                self.say(message)
        for connector in (self.itself, *self.connectors.values()):
            self.sessions.tell_status(connector, again=True)
        self.changed()

    def _respond(self, action: str, payload: Payload) -> Done:
        if self.boot_status == "Rejected" and self.speech.version != "ocpp1.6":
            raise Refusal("SecurityError", "boot not accepted")  # 2.0.1: B03.FR.07
        if action == "Reset" and "rejects_reset" in self.quirks:
            return Done({"status": "Rejected"})
        answer = self.speech.asked.get(action)
        if answer is None:
            raise Refusal("NotImplemented", action)
        return answers_oddly(self.quirks, action, payload, answer(payload))

    # Time passes

    def heartbeat(self) -> None:
        """Say that we live, and hear the time."""
        message = self.speech.heartbeat()
        message.on_reply = self._heard_time
        self.say(message)

    def _heard_time(self, reply: Reply) -> None:
        if reply.ok:
            self._set_clock(read_time(reply.payload["currentTime"]))

    async def _beat(self) -> None:
        while True:
            self._heart.clear()
            if await self._sleep_unless(self._heart, self._heartbeat_s) and self.speaking:
                self.heartbeat()

    async def _align(self) -> None:
        """Meter values on the strokes of the clock (1.6: ClockAlignedDataInterval; 2.0.1: J01)."""
        while True:
            interval = self.settings.number("ClockAlignedDataInterval")
            self._retuned.clear()
            if interval <= 0:
                await self._retuned.wait()
            elif await self._sleep_unless(self._retuned, interval - self.now().timestamp() % interval):
                self.meter_now(list(self.connectors.values()), "Sample.Clock")

    async def _sleep_unless(self, event: asyncio.Event, seconds: float) -> bool:
        waits = [asyncio.ensure_future(event.wait()), asyncio.ensure_future(self.clock.sleep(seconds))]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        return not event.is_set()

    async def _pulse(self) -> None:
        while True:
            if not any(c.transaction for c in self.connectors.values()):
                self._busy.clear()
                await self._busy.wait()
            await self.clock.sleep(max(1.0, self.clock.time_scale * 0.1))
            self.sessions.tick()


def _speaking(station: Machine) -> bool:
    """an accepted boot"""
    return station.speaking
