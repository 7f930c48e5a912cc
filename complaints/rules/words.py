"""Figures and names as a driver reads them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from complaints.findings import Ref
from complaints.rules.case import Case
from csms.vocabulary import CommandFact, Fault, MeterReading, Transaction

FAULT_KINDS = {
    "lock": ("connector lock fault", "枪头电子锁故障"),
    "ground": ("ground fault", "漏电保护动作"),
    "temperature": ("over-temperature", "过温"),
    "meter": ("energy meter fault", "电表故障"),
    "reader": ("card reader fault", "读卡器故障"),
    "vehicle_communication": ("communication fault with the vehicle", "与车辆通信故障"),
    "emergency": ("emergency stop pressed", "急停按钮被按下"),
    "overcurrent": ("over-current protection", "过流保护"),
    "voltage": ("voltage out of range", "电压异常"),
    "internal": ("internal fault", "设备内部故障"),
    "other": ("other fault", "其他故障"),
}

STOP_REASONS = {
    "GroundFault": ("ground fault", "漏电保护动作"),
    "OvercurrentFault": ("over-current protection", "过流保护"),
    "PowerQuality": ("bad power from the grid", "电网电能质量异常"),
    "AbnormalCondition": ("abnormal condition", "设备异常"),
    "EnergyLimitReached": ("energy limit", "电量上限"),
    "TimeLimitReached": ("time limit", "时长上限"),
    "CostLimitReached": ("cost limit", "费用上限"),
    "LocalOutOfCredit": ("credit used up", "余额用完"),
    "MasterPass": ("staff card", "工作人员卡"),
    "UnlockCommand": ("unlock command", "解锁指令"),
}
TOKEN_STATUSES = {
    "ConcurrentTx": ("already in use", "已在使用中"),
    "Blocked": ("blocked", "已冻结"),
    "Expired": ("expired", "已过期"),
    "Invalid": ("not known", "无效"),
    "Unknown": ("not known", "未知"),
    "NoCredit": ("no credit", "余额不足"),
}
CURRENCIES = {
    "CNY": "元", "HKD": "港元", "MOP": "澳门元", "TWD": "新台币", "USD": "美元", "EUR": "欧元", "GBP": "英镑",
    "JPY": "日元", "SGD": "新加坡元", "AUD": "澳元", "CAD": "加元", "CHF": "瑞士法郎", "NOK": "挪威克朗",
    "SEK": "瑞典克朗", "DKK": "丹麦克朗",
}
Terms = Mapping[str, tuple[str, str]]


def both(terms: Terms, word: str, otherwise: tuple[str, str] | None = None) -> tuple[str, str]:
    """A word of OCPP in English and Chinese; as it stands where nobody has translated it."""
    return terms.get(word) or otherwise or (word, word)


def amount(value: Decimal, currency: str) -> tuple[str, str]:
    """A sum of money in English and in Chinese words."""
    return f"{value:.2f} {currency}", f"{value:.2f} {CURRENCIES.get(currency, currency)}"


def span(seconds: float) -> tuple[str, str]:
    """A length of time in English and in Chinese words."""
    if seconds < 60:
        return "less than a minute", "不到 1 分钟"
    return f"{seconds / 60:.0f} min", f"{seconds / 60:.0f} 分钟"


def kwh(wh: float) -> str:
    return f"{wh / 1000:.3f} kWh" if abs(wh) < 1000 else f"{wh / 1000:.2f} kWh"


def kw(watt: float) -> str:
    return f"{watt / 1000:.0f} kW" if watt >= 10_000 else f"{watt / 1000:.1f} kW"


def clock(case: Case, at: datetime) -> str:
    """The time on the driver's wrist."""
    try:
        zone = ZoneInfo(case.zone)
    except (ZoneInfoNotFoundError, ValueError):
        zone = ZoneInfo("UTC")
    local, stated = at.astimezone(zone), case.stated_at.astimezone(zone)
    return local.strftime("%H:%M" if local.date() == stated.date() else "%m-%d %H:%M")


def fault_en(fault: Fault) -> str:
    return f"{FAULT_KINDS.get(fault.kind, FAULT_KINDS['other'])[0]} ({fault.vendor_code or fault.code})"


def fault_zh(fault: Fault) -> str:
    return f"{FAULT_KINDS.get(fault.kind, FAULT_KINDS['other'])[1]}（{fault.vendor_code or fault.code}）"


def fault_refs(faults: Sequence[Fault]) -> tuple[Ref, ...]:
    return tuple(r for f in faults for r in (Ref("fault", f.id, f.opened_at), Ref("frame", f.frame, f.opened_at)))


def reading_ref(reading: MeterReading) -> Ref:
    return Ref("reading", reading.id, reading.at)


def command_refs(command: CommandFact) -> tuple[Ref, ...]:
    frames = [(command.frame, command.requested_at), (command.answer_frame, command.settled_at)]
    found = tuple(Ref("frame", id, at) for id, at in frames if id)
    return (Ref("command", command.id, command.requested_at), *found)


def transaction_ref(t: Transaction) -> Ref:
    return Ref("transaction", t.id, t.started_at)


def start_refs(t: Transaction) -> tuple[Ref, ...]:
    return (transaction_ref(t), *([Ref("frame", t.start_frame, t.started_at)] if t.start_frame else []))


def stop_refs(t: Transaction) -> tuple[Ref, ...]:
    return (transaction_ref(t), *([Ref("frame", t.stop_frame, t.stopped_at)] if t.stop_frame else []))
