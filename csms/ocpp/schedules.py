"""Charging profiles and schedules <-> our vocabulary. The versions differ in names and in how many schedules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from csms.ocpp.times import moment, stamp
from csms.vocabulary import LimitPeriod, Profile, Schedule

Payload = Mapping[str, Any]

PURPOSES = {
    "ChargePointMaxProfile": "station_max",
    "ChargingStationMaxProfile": "station_max",
    "ChargingStationExternalConstraints": "external",
    "TxDefaultProfile": "tx_default",
    "TxProfile": "tx",
    "PriorityCharging": "priority",
    "LocalGeneration": "local_generation",
}
_WRITTEN = {purpose: word for word, purpose in PURPOSES.items()}


def purpose_word(purpose: str, protocol16: bool) -> str:
    return "ChargePointMaxProfile" if protocol16 and purpose == "station_max" else _WRITTEN.get(purpose, purpose)


def read_purpose(word: str) -> str:
    return PURPOSES.get(word, word)


def read_profile(p: Payload) -> Profile:
    told = p["chargingSchedule"]
    said = p.get("transactionId")
    return Profile(
        id=int(p["chargingProfileId"] if "chargingProfileId" in p else p["id"]),
        purpose=read_purpose(p["chargingProfilePurpose"]),
        stack=int(p["stackLevel"]),
        kind=p["chargingProfileKind"].lower(),
        schedules=tuple(map(read_schedule, told if isinstance(told, list) else [told])),
        recurrency=p["recurrencyKind"].lower() if p.get("recurrencyKind") else None,
        valid_from=moment(p.get("validFrom")),
        valid_to=moment(p.get("validTo")),
        transaction=None if said is None else str(said),
    )


def read_schedule(p: Payload) -> Schedule:
    return Schedule(
        unit=p["chargingRateUnit"],
        periods=tuple(
            LimitPeriod(int(one["startPeriod"]), _number(one.get("limit")), _whole(one.get("numberPhases")))
            for one in p.get("chargingSchedulePeriod", ())
        ),
        start=moment(p.get("startSchedule") or p.get("scheduleStart")),
        duration_s=_whole(p.get("duration")),
    )


def write_profile(profile: Profile, *, protocol16: bool) -> dict[str, Any]:
    schedules = [_schedule(schedule, None if protocol16 else n) for n, schedule in enumerate(profile.schedules, 1)]
    said = profile.transaction
    payload: dict[str, Any] = {
        "chargingProfileId" if protocol16 else "id": profile.id,
        "stackLevel": profile.stack,
        "chargingProfilePurpose": purpose_word(profile.purpose, protocol16),
        "chargingProfileKind": profile.kind.title(),
        "chargingSchedule": schedules[0] if protocol16 else schedules,
    }
    more = {
        "recurrencyKind": profile.recurrency and profile.recurrency.title(),
        "validFrom": profile.valid_from and stamp(profile.valid_from),
        "validTo": profile.valid_to and stamp(profile.valid_to),
        "transactionId": int(said) if said and protocol16 else said,
    }
    return payload | {name: value for name, value in more.items() if value is not None}


def _schedule(schedule: Schedule, id: int | None) -> dict[str, Any]:
    periods = [
        {"startPeriod": one.start_s, "limit": one.limit}
        | ({} if one.phases is None else {"numberPhases": one.phases})
        for one in schedule.periods
    ]
    payload: dict[str, Any] = {"chargingRateUnit": schedule.unit, "chargingSchedulePeriod": periods}
    more = {
        "id": id,
        "startSchedule": schedule.start and stamp(schedule.start),
        "duration": schedule.duration_s,
    }
    return payload | {name: value for name, value in more.items() if value is not None}


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _whole(value: Any) -> int | None:
    return None if value is None else int(value)
