"""A connector and the transaction on it: the facts, and the status that follows from them. Pure."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import datetime

from .link import Payload
from .physics import Outlet, Vehicle, flow_w
from .profiles import Profile
from .tokens import Token


@dataclass(frozen=True)
class Fault:
    """A fault as the station reports it. `code` is a 1.6 ChargePointErrorCode, `EmergencyStop` or a ChargeX code.

    `blocking=False` is only a notice: the connector goes on working (status unchanged). `error` and `component`
    are told instead of what `code` would give in 1.6 and 2.0.1.
    """

    code: str
    info: str = ""
    vendor_code: str = ""
    vendor: str = ""
    blocking: bool = True
    error: str = ""
    component: str = ""


@dataclass(frozen=True)
class Limit:
    """Where a driver wants a transaction to end. None: nowhere. `cost` counts what CostUpdated tells."""

    energy_wh: float | None = None
    seconds: float | None = None
    soc: float | None = None
    cost: float | None = None

    def room_wh(self, delivered_wh: float) -> float:
        """Energy left; infinite without a limit."""
        return max(0.0, self.energy_wh - delivered_wh) if self.energy_wh is not None else float("inf")

    def reached(self, delivered_wh: float, seconds: float, soc: float | None) -> str | None:
        """The reason to stop, in 2.0.1's words."""
        if self.energy_wh is not None and delivered_wh >= self.energy_wh - 0.5:
            return "EnergyLimitReached"
        if self.seconds is not None and seconds >= self.seconds:
            return "TimeLimitReached"
        if self.soc is not None and soc is not None and soc >= self.soc:
            return "SOCLimitReached"
        return None


@dataclass
class Reservation:
    id: int
    token: Token
    group: str | None
    expires_at: datetime


@dataclass(frozen=True)
class Reading:
    """One look at the meter, in Wh, W, A, V, percent and degrees Celsius."""

    at: datetime
    context: str
    energy_wh: float
    power_w: float = 0.0
    current_a: float = 0.0
    voltage_v: float = 0.0
    offered_w: float = 0.0
    offered_a: float = 0.0
    temperature_c: float = 20.0
    soc: float | None = None
    lines: int = 1
    """Lines of an AC outlet; 1 also for DC."""
    used: int = 1
    """Lines that the vehicle charges by."""

    def samples(self, measurand: str) -> list[tuple[str | None, float]]:
        """What a measurand comes to, as (phase or None, figure): line by line where there are several."""
        figure = self.figures().get(measurand)
        if figure is None:
            return []
        if self.lines == 1 or measurand not in ("Current.Import", "Current.Offered", "Voltage"):
            return [(None, figure)]
        names = "L{}-N" if measurand == "Voltage" else "L{}"
        flowing = self.used if measurand == "Current.Import" else self.lines
        return [(names.format(n), figure if n <= flowing else 0.0) for n in range(1, self.lines + 1)]

    def figures(self) -> dict[str, float | None]:
        """The same under OCPP's names of measurands."""
        return {
            "Energy.Active.Import.Register": self.energy_wh,
            "Power.Active.Import": self.power_w,
            "Power.Offered": self.offered_w,
            "Current.Import": self.current_a,
            "Current.Offered": self.offered_a,
            "Voltage": self.voltage_v,
            "SoC": self.soc,
            "Temperature": self.temperature_c,
        }


@dataclass(eq=False)
class Transaction:
    """One transaction. `reference` is the 2.0.1 transactionId, `number` the one 1.6's central system gave."""

    evse: int
    token: Token | None
    started_at: datetime
    meter_start_wh: int
    begin: Reading
    reference: str = field(default_factory=lambda: str(uuid.uuid4()))
    number: int | None = None
    group: str | None = None
    remote_start_id: int | None = None
    reservation_id: int | None = None
    offline: bool = False
    sequence: int = 0
    charging_state: str = "EVConnected"
    charged_s: float = 0.0
    next_sample_at: datetime | None = None
    deauthorized: bool = False
    permitted: bool = True
    """Cable and token are both there; before and after (TxStartPoint, TxStopPoint) no power may flow."""
    limit: Limit | None = None
    limit_reached: str | None = None
    tariff: Payload | None = None
    stopped_at: datetime | None = None
    meter_stop_wh: int | None = None
    stop_reason: str | None = None
    stop_token: Token | None = None
    end: Reading | None = None

    def next_sequence(self) -> int:
        number = self.sequence
        self.sequence += 1
        return number


@dataclass(eq=False)
class Connector:
    """EVSE `evse` with its one connector. `evse` 0 is the station itself, which has faults but no cable.

    `said` is the status last told to the central system in its own version's word; `status` is what is
    true now, in 1.6's nine words for every version.
    """

    evse: int
    outlet: Outlet
    vehicle: Vehicle | None = None
    locked: bool = False
    lock_jammed: bool = False
    faults: dict[str, Fault] = field(default_factory=dict)
    operative: bool = True
    becomes_operative: bool | None = None
    reservation: Reservation | None = None
    authorized: Token | None = None
    group: str | None = None
    remote_start_id: int | None = None
    profile: Profile | None = None
    limit: Limit | None = None
    transaction: Transaction | None = None
    finished: bool = False
    stuck: bool = False
    limit_w: float | None = None
    said: str | None = None
    said_faults: tuple[Fault, ...] = ()
    said_at: datetime | None = None

    @property
    def meter_wh(self) -> float:
        """The lifetime register."""
        return self.outlet.meter_wh

    @property
    def plugged(self) -> bool:
        return self.vehicle is not None

    @property
    def blocked(self) -> bool:
        return any(f.blocking for f in self.faults.values())

    @property
    def fault(self) -> Fault | None:
        """The fault to report: a blocking one before a notice."""
        return max(self.faults.values(), key=lambda f: f.blocking, default=None)

    @property
    def power_w(self) -> float:
        """Power that flows now. Nothing flows outside a transaction that is in order."""
        tx = self.transaction
        if tx is None or tx.deauthorized or tx.limit_reached or not tx.permitted or self.blocked:
            return 0.0
        return flow_w(self.outlet, self.vehicle, self.limit_w)

    @property
    def charging_state(self) -> str:
        """2.0.1 chargingState of the running transaction."""
        if not self.plugged:
            return "Idle"
        if self.transaction is not None and not self.transaction.permitted:
            return "EVConnected"
        if self.power_w > 0:
            return "Charging"
        return "SuspendedEVSE" if self._station_holds_back else "SuspendedEV"

    @property
    def _station_holds_back(self) -> bool:
        tx = self.transaction
        ended = tx is not None and (tx.deauthorized or tx.limit_reached is not None)
        closed_off = ended or self.blocked or self.outlet.contactor_stuck_open
        return closed_off or self.outlet.offers_w(self.limit_w) <= 0

    @property
    def status(self) -> str:
        """The 1.6 status (4.9): the strongest fact wins."""
        if self.blocked:
            return "Faulted"
        if self.transaction is not None and self.transaction.permitted:
            state = self.charging_state
            return "SuspendedEV" if state == "Idle" else state
        if not self.operative:
            return "Unavailable"
        if self.stuck or (self.finished and self.plugged):
            return "Finishing"
        if self.plugged or self.authorized is not None or self.transaction is not None:
            return "Preparing"
        return "Reserved" if self.reservation else "Available"

    def read(self, at: datetime, context: str) -> Reading:
        """What the meter shows now. Whole Wh, rounded down, so that no reading passes a later one."""
        soc = self.vehicle.soc if self.vehicle else None
        used = self.outlet.used(self.vehicle)
        offered = self.outlet.offers_w(self.limit_w)
        return Reading(
            at=at,
            context=context,
            energy_wh=float(int(self.outlet.meter_wh)),
            power_w=self.power_w,
            current_a=self.outlet.current_a(self.power_w, soc, used),
            voltage_v=self.outlet.voltage_v(soc),
            offered_w=offered,
            offered_a=self.outlet.current_a(offered, soc),
            temperature_c=self.outlet.temperature_c,
            soc=soc if self.outlet.is_dc else None,
            lines=self.outlet.lines,
            used=used,
        )
