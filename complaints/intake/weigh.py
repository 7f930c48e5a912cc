"""What the records say of a topic that the words leave open.

Drivers write few and angry words: "it was dead again" may mean a plug that never started or a session cut off at
30 %. The words give likelihoods; what is on record then makes some of them more and others less likely. Records
alone never invent a topic, and never speak against danger.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from complaints.intake.classify import CATEGORY_OF, DEPARTMENT_OF, Classification
from complaints.intake.classify.reading import plain
from complaints.intake.classify.topics import level_of

OPEN_BELOW = 0.93
"""Words that are surer of their topic than this are not asked about again."""
LEAST, MOST = 0.02, 40.0
"""How far the records may move a likelihood, all of them together: never to zero, the driver may be right."""
TOLD_FROM = 2.0
"""A record that made the topic so much likelier than the one the words had said is given as a reason."""

Leaning = Mapping[str, float]

NEVER_RAN = ("cannot_start", "start_failed_charged", "cannot_insert", "station_down", "site_closed", "bay_blocked")
OF_A_SESSION = ("stopped_early", "slow", "cannot_stop", "energy_too_high", "idle_fee", "wrong_tariff")
AMOUNTS = ("overcharged", "energy_too_high", "wrong_tariff", "idle_fee")


def _all(topics: tuple[str, ...], factor: float, **others: float) -> Leaning:
    return dict.fromkeys(topics, factor) | others


_CUT_OFF: Leaning = {"stopped_early": 4.0, "station_down": 0.8, "slow": 0.7, "cannot_stop": 0.5}
_NO_START: Leaning = {
    "cannot_start": 1.8, "start_failed_charged": 1.8, "hold_not_released": 1.2, "stopped_early": 0.5, "slow": 0.4,
}
_STUCK: Leaning = {"connector_stuck": 4.0, "cannot_stop": 1.2, "cannot_insert": 0.6}
_METER: Leaning = {"energy_too_high": 2.5, "overcharged": 1.6, "slow": 0.5, "stopped_early": 0.6}

LEANINGS: Mapping[str, Leaning] = {
    "session": _all(NEVER_RAN, 0.5, status_wrong=0.7),
    "no session": _all(OF_A_SESSION, 0.3, overcharged=0.5, charged_no_energy=0.7, not_my_session=0.6),
    "running": {"cannot_stop": 2.5, "connector_stuck": 1.5, "stopped_early": 0.4, "idle_fee": 0.6,
                "hold_not_released": 0.6, "refund_missing": 0.6},
    "captured": {"cannot_start": 0.6, "charged_no_energy": 1.2, "start_failed_charged": 1.3, "overcharged": 1.3,
                 "not_my_session": 1.2},
    "nothing paid": {"start_failed_charged": 0.4, "charged_no_energy": 0.5, "double_charged": 0.4, "overcharged": 0.6,
                     "refund_missing": 0.7, "hold_not_released": 0.5, "idle_fee": 0.7},
    "no hold": {"hold_not_released": 0.5},
    "energy.none": {"charged_no_energy": 2.0, "cannot_start": 1.5, "start_failed_charged": 1.3, "stopped_early": 0.5,
                    "slow": 0.3, "energy_too_high": 0.2, "wrong_tariff": 0.3, "idle_fee": 0.5, "overcharged": 0.5},
    "energy.little": {"stopped_early": 1.6, "energy_too_high": 0.5, "slow": 0.8},
    "energy.delivered": {"charged_no_energy": 0.3, "start_failed_charged": 0.15, "cannot_start": 0.25,
                         "station_down": 0.4, "screen_or_reader": 0.7, "cannot_insert": 0.3, "overcharged": 1.2,
                         "energy_too_high": 1.3, "stopped_early": 1.2},
    "energy.after_stop": {"cannot_stop": 2.5, "overcharged": 1.3, "stopped_early": 0.6},
    "energy.jump": _METER, "energy.regressed": _METER, "energy.gap_between": _METER, "fault.meter": _METER,
    "power.limited_by_station": {"slow": 2.2}, "power.limited_by_profile": {"slow": 2.2},
    "power.limited_by_vehicle": {"slow": 1.4},
    "stop.by_fault": _CUT_OFF, "stop.reboot": _CUT_OFF, "stop.power_loss": _CUT_OFF, "stop.emergency": _CUT_OFF,
    "stop.by_staff": _CUT_OFF, "stop.deauthorized": _CUT_OFF,
    "stop.by_customer": {"stopped_early": 0.7},
    "stop.by_limit": {"stopped_early": 1.5}, "stop.by_vehicle": {"stopped_early": 1.3},
    "stop.missing": {"idle_fee": 1.5, "cannot_stop": 1.4, "status_wrong": 1.5, "not_my_session": 1.3,
                     "overcharged": 1.3},
    "start.no_transaction": _NO_START, "start.refused_by_station": _NO_START, "start.station_offline": _NO_START,
    "start.customer_timeout": _NO_START,
    "start.token_refused": {**_NO_START, "account": 1.5, "screen_or_reader": 1.2},
    "start.station_faulted": {"station_down": 1.5, "status_wrong": 1.6, "cannot_start": 1.4},
    "start.other_connector": {"charged_no_energy": 1.4, "not_my_session": 1.4},
    "connectors.swapped": {"charged_no_energy": 1.5, "not_my_session": 1.5},
    "connection.offline_then": {"station_down": 1.4, "start_failed_charged": 1.2, "status_wrong": 1.2},
    "fault.lock": _STUCK, "connector.unlock_failed": _STUCK, "connector.unlocked": _STUCK,
    "fault.reader": {"screen_or_reader": 2.5},
    "payment.duplicate": {"double_charged": 4.0, "overcharged": 0.8},
    "payment.hold_open": {"hold_not_released": 3.0, "refund_missing": 1.3},
    "payment.hold_released": {"hold_not_released": 2.5, "refund_missing": 1.3},
    "payment.without_transaction": {"start_failed_charged": 1.8, "charged_no_energy": 1.1},
    "payment.exceeds_bill": {"overcharged": 1.4, "energy_too_high": 1.3, "wrong_tariff": 1.2, "idle_fee": 1.2},
    "payment.not_ours": {"fraud": 2.0},
    "bill.period_shift": {"wrong_tariff": 3.0},
    "bill.idle_justified": {"idle_fee": 2.5}, "bill.idle_unjustified": {"idle_fee": 2.5},
    "vehicle.other_in_session": _all(AMOUNTS, 1.5, not_my_session=6.0, stopped_early=0.3, charged_no_energy=0.7),
    "token.two_places": {"not_my_session": 2.5, "fraud": 1.3},
}
"""For each record that holds: how many times likelier it makes a topic. Topics not named stay as they are.

Judged, not counted: there are too few settled cases to count. Only ratios matter, and only between topics that the
words left possible."""


@dataclass(frozen=True, slots=True)
class Weighed:
    topic: str
    likelihood: float
    others: tuple[tuple[str, float], ...]
    because: tuple[str, ...]
    """Records that spoke for the topic rather than the one the words had said; empty where it stayed."""


def is_open(said: Classification) -> bool:
    """Whether the words leave a question that records may answer."""
    return not said.danger and said.confidence < OPEN_BELOW and bool(said.alternatives)


def weigh(likelihoods: Mapping[str, float], recorded: Collection[str]) -> Weighed:
    """Likelihoods by the words, made likelier or less likely by what is on record."""
    said = max(likelihoods, key=lambda topic: likelihoods[topic])
    holding = [name for name in LEANINGS if name in recorded]
    weighed = {topic: p * min(MOST, max(LEAST, _product(topic, holding))) for topic, p in likelihoods.items()}
    total = sum(weighed.values()) + max(0.0, 1.0 - sum(likelihoods.values()))
    order = sorted(weighed, key=lambda topic: (-weighed[topic], topic))
    best = order[0]
    moved = [n for n in holding if _lean(n, best) >= TOLD_FROM * _lean(n, said)] if best != said else []
    share = {topic: weighed[topic] / total for topic in order}
    others = tuple((topic, round(share[topic], 3)) for topic in order[1:])
    return Weighed(best, round(share[best], 3), others, tuple(moved))


def by_records(said: Classification, text: str, recorded: Collection[str]) -> Classification:
    """The classification with the records' word in it."""
    found = weigh(dict(said.alternatives) | {said.topic: said.confidence}, recorded)
    if found.topic == said.topic:
        return replace(said, confidence=found.likelihood, alternatives=found.others)
    words = tuple(f"records: {name}" for name in found.because)
    return replace(
        said, category=CATEGORY_OF[found.topic], topic=found.topic, level=level_of(found.topic, plain(text)),
        department=DEPARTMENT_OF[found.topic], confidence=found.likelihood, alternatives=found.others,
        because=(*words, *said.because),
    )


def _lean(name: str, topic: str) -> float:
    return LEANINGS[name].get(topic, 1.0)


def _product(topic: str, holding: Collection[str]) -> float:
    product: Any = 1.0
    for name in holding:
        product *= _lean(name, topic)
    return float(product)
