"""Faults: what a station reports wrong with itself, from the first word to the all-clear."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from csms.kit.db import Conn, Row
from csms.vocabulary import ComponentEvent, EventsNoted, Fault, GridAlarm, StatusReported
from csms.vocabulary.heard import Heard, Notes, device_time, record_id

# OCPP 1.6 section 7.6 and the codes seen instead of them; level by codes.md (1 unusable or dangerous).
KNOWN: Mapping[str, tuple[str, int]] = {
    "ConnectorLockFailure": ("lock", 2),
    "EVCommunicationError": ("vehicle_communication", 3),
    "GroundFailure": ("ground", 1),
    "HighTemperature": ("temperature", 2),
    "InternalError": ("internal", 1),
    "LocalListConflict": ("other", 3),
    "OtherError": ("other", 2),
    "OverCurrentFailure": ("overcurrent", 1),
    "OverVoltage": ("voltage", 2),
    "UnderVoltage": ("voltage", 3),
    "PowerMeterFailure": ("meter", 2),
    "PowerSwitchFailure": ("internal", 1),
    "ReaderFailure": ("reader", 3),
    "ResetFailure": ("internal", 2),
    "WeakSignal": ("other", 3),
    "EmergencyStop": ("emergency", 1),
}

# ChargeX MREC (chargex.inl.gov): the vendorErrorCode says more than the errorCode it rides on.
CHARGEX: Mapping[str, tuple[str, int]] = {
    "CX001": ("lock", 2), "CX002": ("ground", 1), "CX003": ("temperature", 2), "CX004": ("overcurrent", 1),
    "CX005": ("voltage", 2), "CX006": ("voltage", 3), "CX007": ("other", 3), "CX008": ("emergency", 1),
    "CX009": ("other", 3), "CX010": ("vehicle_communication", 3), "CX011": ("ground", 1), "CX012": ("internal", 2),
    "CX013": ("other", 3), "CX014": ("vehicle_communication", 2), "CX015": ("voltage", 2),
    "CX016": ("vehicle_communication", 2), "CX017": ("internal", 1), "CX018": ("temperature", 3),
    "CX019": ("temperature", 1), "CX020": ("lock", 3), "CX021": ("ground", 2), "CX022": ("ground", 1),
    "CX023": ("vehicle_communication", 2), "CX024": ("voltage", 1), "CX025": ("lock", 2), "CX026": ("ground", 1),
}

# 2.x components by what they watch (Appendices, standardised components).
COMPONENTS: Mapping[str, tuple[str, int]] = {
    "ConnectorPlugRetentionLock": ("lock", 2), "EVRetentionLock": ("lock", 2), "RCD": ("ground", 1),
    "GroundIsolationProtection": ("ground", 1), "OverCurrentProtection": ("overcurrent", 1),
    "OverCurrentProtectionRecloser": ("overcurrent", 1), "EmergencyStopSensor": ("emergency", 1),
    "TemperatureSensor": ("temperature", 2), "LiquidCoolingSystem": ("temperature", 2),
    "AirCoolingSystem": ("temperature", 2), "HeatCoolSystem": ("temperature", 2),
    "FiscalMetering": ("meter", 2), "ElectricalFeed": ("voltage", 2), "TokenReader": ("reader", 3),
    "Display": ("other", 3), "UIInput": ("other", 3), "PowerContactor": ("internal", 1),
    "AcDcConverter": ("internal", 1), "DcDcConverter": ("internal", 1), "Controller": ("internal", 1),
    "CPPWMController": ("vehicle_communication", 2), "ConnectedEV": ("vehicle_communication", 3),
    "CableBreakawaySensor": ("ground", 1), "ShockSensor": ("other", 1), "FloodSensor": ("other", 1),
    "TiltSensor": ("other", 1),
}

# Free words of vendors, read only where no code has told the kind.
WORDS: Sequence[tuple[str, str, int]] = (
    ("emergency", r"emergency|e-?stop|急停", 1),
    ("ground", r"ground|earth|leak|residual|isolation|insulation|rcd|gfci|绝缘|絕緣|漏电|漏電|接地", 1),
    ("lock", r"\block|latch|unlock|电子锁|電子鎖|锁", 2),
    ("temperature", r"temper|heat|hot\b|cool|过温|過溫|温度|溫度", 2),
    ("meter", r"meter|电表|電表|电度表", 2),
    ("overcurrent", r"over.?current|short.?circuit|过流|過流|短路", 1),
    ("voltage", r"voltage|过压|過壓|欠压|欠壓|电压|電壓", 2),
    ("reader", r"reader|rfid|读卡|讀卡", 3),
    ("vehicle_communication", r"\bev\b|vehicle|bms|pilot|proximity|slac|iso ?15118|车辆|車輛|通讯|通信", 3),
    ("internal", r"internal|contactor|relay|module|converter|firmware|接触器|接觸器|模块|模塊", 1),
)

TROUBLE = frozenset({"Problem", "Tripped", "Overload", "Active", "Protecting", "Suspending", "Fallback"})
"""Boolean variables of 2.x that, when true, say that something is wrong (section 3.4 of the appendices)."""

NOTHING = frozenset({"", "null", "none", "noerror", "0", "00", "0x0", "0x00", "0x0000", "0x00000000"})
"""What vendors put in error fields when there is no error (evcc#6817)."""

NAMELESS = "Faulted"
"""A connector that says no more: in 2.x always, whose events tell what it is (N07), and tfocpp and shiv3 in 1.6."""

OPEN = "select * from faults where station = any($1::text[]) and cleared_at is null order by opened_at, id"

STORE = """
    insert into faults (id, station, evse, connector, code, vendor_code, kind, level, warning, source, description,
        opened_at, received_at, cleared_at, seq, cleared_seq)
    select * from unnest($1::uuid[], $2::text[], $3::int[], $4::int[], $5::text[], $6::text[], $7::text[], $8::int[],
        $9::boolean[], $10::text[], $11::text[], $12::timestamptz[], $13::timestamptz[], $14::timestamptz[],
        $15::bigint[], $16::bigint[])
    on conflict (id) do update set
        connector = excluded.connector, code = excluded.code, vendor_code = excluded.vendor_code, kind = excluded.kind,
        level = excluded.level, warning = excluded.warning, source = excluded.source, seq = excluded.seq,
        description = excluded.description, opened_at = excluded.opened_at, cleared_at = excluded.cleared_at,
        cleared_seq = excluded.cleared_seq
"""

BETWEEN = """
    select * from faults
    where station = $1 and opened_at < $3 and coalesce(cleared_at, 'infinity') >= $2 order by opened_at, id
"""

LIST = """
    select * from faults
    where ($1::text is null or station = $1) and ($2::boolean is null or (cleared_at is null) = $2)
      and ($3::timestamptz is null or (opened_at, id) < ($3, $4::uuid))
    order by opened_at desc, id desc limit $5
"""

# 1.6's own codes and standard components explain themselves; what vendors put beside them does not.
SPOKEN = """
    select f.code, f.vendor_code, s.vendor, s.model, count(*) as reports, count(distinct f.station) as stations,
        max(f.opened_at) as last_at, min(f.station) as example, max(f.description) as description
    from faults f left join stations s on s.id = f.station
    where f.opened_at >= $1 and (f.vendor_code is not null or position('.' in f.code) = 0) and f.code <> 'Faulted'
    group by f.code, f.vendor_code, s.vendor, s.model order by reports desc, last_at desc limit 1000
"""

BY_ID = "select * from faults where id = $1"

OPEN_OF = "select * from faults where station = $1 and cleared_at is null order by opened_at, id"


@dataclass(slots=True)
class Open:
    """An open fault while a batch is being written."""

    id: str
    station: str
    evse: int
    connector: int | None
    code: str
    vendor_code: str | None
    kind: str
    level: int
    warning: bool
    source: str
    description: str | None
    opened_at: datetime
    received_at: datetime
    seq: int
    cleared_at: datetime | None = None
    cleared_seq: int | None = None

    @property
    def key(self) -> tuple[Any, ...]:
        return self.evse, self.connector, self.code, self.vendor_code or ""


@dataclass(slots=True)
class Known:
    """The open faults of a batch's stations."""

    open: dict[str, list[Open]]
    changed: dict[str, Open] = field(default_factory=dict)


# --- rules ------------------------------------------------------------------------------------------


def kind_of(code: str, vendor_code: str | None, words: str | None = None) -> tuple[str, int]:
    """(kind, level): by vendor code, by code, by 2.x component, at last by what the words say."""
    if vendor_code and vendor_code.upper() in CHARGEX:
        return CHARGEX[vendor_code.upper()]
    known = KNOWN.get(code) or COMPONENTS.get(code.partition(".")[0])
    if known and known[0] not in ("other", "internal"):
        return known
    text = f"{code} {vendor_code or ''} {words or ''}".lower()
    for kind, pattern, level in WORDS:
        if re.search(pattern, text):
            return kind, min(level, known[1]) if known else level
    return known or ("other", 2)


def meaningful(text: str | None) -> str | None:
    return None if text is None or text.strip().lower() in NOTHING else text.strip()


def hear_status(known: Known, heard: Heard[StatusReported], notes: Notes) -> None:
    """StatusNotification: an error code opens, a status without one clears (1.6 section 4.9)."""
    said = heard.said
    code, vendor_code = meaningful(said.error), meaningful(said.vendor_code)
    if any(text and meaningful(text) is None for text in (said.info, said.vendor_code)):
        notes.rule(heard, "nothing_in_words")
    if code is not None and said.status == "Finishing":
        notes.rule(heard, "finishing_with_error")
    if code is None and said.status == "Faulted":
        code = "OtherError" if vendor_code else NAMELESS
    if code is None:
        _clear(known, heard, said.evse, said.connector, device_time(said.at, heard.received_at), notes)
        return
    kind, level = kind_of(code, vendor_code, meaningful(said.info))
    _open(known, heard, notes, Open(
        id=record_id("fault", heard.station, heard.seq), station=heard.station, evse=said.evse,
        connector=said.connector, code=code, vendor_code=vendor_code, kind=kind, level=level,
        warning=said.status != "Faulted", source="StatusNotification", description=meaningful(said.info),
        opened_at=device_time(said.at, heard.received_at), received_at=heard.received_at, seq=heard.seq,
    ))


def hear_events(known: Known, heard: Heard[EventsNoted], notes: Notes) -> None:
    """NotifyEvent (N07): a trouble variable that turns true opens, one that turns false or is cleared clears."""
    for part, event in enumerate(heard.said.events):
        if event.variable not in TROUBLE:
            continue
        code = f"{event.component}.{event.variable}"
        at = device_time(event.at, heard.received_at)
        if event.cleared or event.value.strip().lower() in ("false", "0"):
            _clear(known, heard, event.evse, event.connector, at, notes, code=code)
        else:
            _open(known, heard, notes, _component_fault(heard, part, event, code, at))


def _component_fault(
    heard: Heard[EventsNoted], part: int, event: ComponentEvent, code: str, at: datetime
) -> Open:
    kind, level = kind_of(code, meaningful(event.tech_code), meaningful(event.tech_info))
    return Open(
        id=record_id("fault", heard.station, heard.seq, part), station=heard.station, evse=event.evse,
        connector=event.connector, code=code, vendor_code=meaningful(event.tech_code), kind=kind, level=level,
        warning=event.variable in ("Protecting", "Suspending", "Fallback"), source="NotifyEvent",
        description=meaningful(event.tech_info), opened_at=at, received_at=heard.received_at, seq=heard.seq,
    )


def hear_alarm(known: Known, heard: Heard[GridAlarm], notes: Notes) -> None:
    """NotifyDERAlarm (2.1 R): the grid's trouble stands in the station's way until the station says it is over."""
    said = heard.said
    code, at = f"Grid.{said.fault or said.type}", device_time(said.at, heard.received_at)
    if said.ended:
        _clear(known, heard, 0, None, at, notes, code=code)
        return
    kind, level = kind_of(code, None, _words_of(said.fault))
    _open(known, heard, notes, Open(
        id=record_id("fault", heard.station, heard.seq), station=heard.station, evse=0, connector=None, code=code,
        vendor_code=None, kind=kind, level=max(level, 2), warning=True, source="NotifyDERAlarm",
        description=meaningful(said.info), opened_at=at, received_at=heard.received_at, seq=heard.seq,
    ))


def _words_of(fault: str | None) -> str | None:
    """Of the grid, frequency and phases are troubles of its voltage."""
    return "voltage" if fault and re.search(r"Frequency|Phase|Voltage|Power", fault) else None


def _open(known: Known, heard: Heard[Any], notes: Notes, fault: Open) -> None:
    """One episode a fault, however often it is repeated (EVerest#536), and in however many messages it is told."""
    faults = known.open.setdefault(fault.station, [])
    here = [f for f in faults if _at_one_place(f, fault) and not f.warning]
    if any(f.key == fault.key for f in faults) or (fault.code == NAMELESS and here):
        return
    nameless = next((f for f in here if f.code == NAMELESS), None)
    if nameless and not fault.warning:
        fault.id, fault.received_at = nameless.id, nameless.received_at
        fault.opened_at = min(nameless.opened_at, fault.opened_at)
        faults.remove(nameless)
    faults.append(fault)
    known.changed[fault.id] = fault
    notes.event("fault.opened", heard.station, fault.id, code=fault.code, evse=fault.evse, kind=fault.kind)


def _at_one_place(one: Open, other: Open) -> bool:
    return one.evse == other.evse and (one.connector == other.connector or None in (one.connector, other.connector))


def _clear(
    known: Known, heard: Heard[Any], evse: int, connector: int | None, at: datetime, notes: Notes,
    code: str | None = None,
) -> None:
    """Without a code: all that this connector's status had reported."""
    for fault in list(known.open.get(heard.station, ())):
        same_place = fault.evse == evse and (connector is None or fault.connector in (None, connector))
        same_source = fault.code == code if code else fault.source == "StatusNotification"
        if same_place and same_source:
            fault.cleared_at, fault.cleared_seq = max(at, fault.opened_at), heard.seq
            known.open[heard.station].remove(fault)
            known.changed[fault.id] = fault
            notes.event("fault.cleared", heard.station, fault.id, code=fault.code, evse=fault.evse)


# --- rows -------------------------------------------------------------------------------------------


async def load(conn: Conn, stations: Sequence[str]) -> Known:
    known = Known({})
    for row in await conn.fetch(OPEN, list(stations)):
        known.open.setdefault(row["station"], []).append(_open_row(row))
    return known


def _open_row(row: Row) -> Open:
    names = Open.__dataclass_fields__
    return Open(**{name: row[name] for name in names} | {"id": str(row["id"])})


async def store(conn: Conn, known: Known) -> None:
    if known.changed:
        rows = [(
            f.id, f.station, f.evse, f.connector, f.code, f.vendor_code, f.kind, f.level, f.warning, f.source,
            f.description, f.opened_at, f.received_at, f.cleared_at, f.seq, f.cleared_seq,
        ) for f in known.changed.values()]
        await conn.execute(STORE, *zip(*rows, strict=True))


async def between(conn: Conn, station: str, since: datetime, until: datetime) -> list[Fault]:
    return [fact(row) for row in await conn.fetch(BETWEEN, station, since, until)]


async def spoken(conn: Conn, since: datetime) -> list[Row]:
    """Which codes which models have sent, the commonest first."""
    return list(await conn.fetch(SPOKEN, since))


async def by_id(conn: Conn, id: str) -> Fault | None:
    row = await conn.fetchrow(BY_ID, id)
    return fact(row) if row else None


async def open_of(conn: Conn, station: str) -> list[Fault]:
    return [fact(row) for row in await conn.fetch(OPEN_OF, station)]


async def listing(
    conn: Conn, *, station: str | None = None, only_open: bool | None = None,
    after: tuple[datetime, str] | None = None, limit: int = 100,
) -> list[Fault]:
    at, id = after or (None, None)
    return [fact(row) for row in await conn.fetch(LIST, station, only_open, at, id, limit)]


def fact(row: Row) -> Fault:
    return Fault(
        id=str(row["id"]), station=row["station"], evse=row["evse"], connector=row["connector"], code=row["code"],
        vendor_code=row["vendor_code"], kind=row["kind"], level=row["level"], opened_at=row["opened_at"],
        cleared_at=row["cleared_at"], source=row["source"], description=row["description"],
        frame=f"{row['station']}:{row['seq']}", received_at=row["received_at"], warning=row["warning"],
    )
