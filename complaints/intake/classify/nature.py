"""The second axis: what kind of dissatisfaction it is, whatever it is about. By the topic, moved by the words. Pure."""

from __future__ import annotations

from complaints.intake.classify.patterns import DATA, patterns

NATURES = (
    "quality", "parts", "cost", "attitude", "process", "waiting", "information", "environment", "suggestion", "other",
)
"""Of equipment and charging; of a part; of money; of people; of how it is handled; of time; of what was said
beforehand; of the place."""

BY_TOPIC = {
    "cannot_start": "quality", "stopped_early": "quality", "slow": "quality", "station_down": "quality",
    "cannot_stop": "quality", "safety": "quality", "charged_no_energy": "quality", "start_failed_charged": "quality",
    "energy_too_high": "quality", "car_damage": "quality", "connector_stuck": "parts", "cannot_insert": "parts",
    "screen_or_reader": "parts", "damaged": "parts", "status_wrong": "information", "wrong_tariff": "information",
    "overcharged": "cost", "double_charged": "cost", "idle_fee": "cost", "discount_missing": "cost",
    "parking_fee": "cost", "not_my_session": "cost", "fraud": "cost", "hold_not_released": "waiting",
    "refund_missing": "waiting", "slow_handling": "waiting", "invoice": "process", "account": "process",
    "privacy": "process", "attitude": "attitude", "no_answer": "attitude", "bay_blocked": "environment",
    "site_closed": "environment", "dirty_or_dark": "environment", "noise": "environment", "suggestion": "suggestion",
}
WORDS = patterns(DATA / "natures.txt")
MOVED_BY = ("attitude", "information", "waiting")
"""In this order: rudeness outweighs all, then that something was hidden or not said, then that it takes too long."""


def nature_of(topic: str, text: str) -> str:
    """One of NATURES. Words only move what a topic leaves open: a suggestion stays one."""
    usual = BY_TOPIC.get(topic, "other")
    if usual in ("suggestion", "environment", "attitude"):
        return usual
    lowered = text.lower()
    return next((nature for nature in MOVED_BY if WORDS[nature].search(lowered)), usual)
