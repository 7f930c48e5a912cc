"""Topics of complaints with their category and department, and the level their words call for."""

from __future__ import annotations

from complaints.intake.classify.patterns import DATA, patterns

CATEGORIES = {
    "equipment": (
        "cannot_start", "stopped_early", "slow", "connector_stuck", "cannot_insert", "screen_or_reader",
        "station_down", "status_wrong", "damaged", "cannot_stop", "safety",
    ),
    "payment": (
        "charged_no_energy", "start_failed_charged", "overcharged", "double_charged", "hold_not_released", "idle_fee",
        "wrong_tariff", "not_my_session", "energy_too_high", "discount_missing", "refund_missing", "invoice",
    ),
    "service": ("attitude", "no_answer", "slow_handling"),
    "environment": ("bay_blocked", "site_closed", "dirty_or_dark", "parking_fee", "noise"),
    "other": ("suggestion", "account", "privacy", "fraud", "car_damage", "other"),
}  # fmt: skip
TOPICS = tuple(topic for topics in CATEGORIES.values() for topic in topics)
CATEGORY_OF = {topic: category for category, topics in CATEGORIES.items() for topic in topics}

DEPARTMENTS = {
    "equipment": "maintenance",
    "payment": "finance",
    "service": "customer_relations",
    "environment": "site_operations",
    "other": "customer_relations",
}
DEPARTMENT_OF = {topic: DEPARTMENTS[category] for topic, category in CATEGORY_OF.items()} | {
    "account": "tech_support",
    "privacy": "legal",
    "car_damage": "legal",
    "fraud": "legal",
}

USUALLY_3 = frozenset(("invoice", "attitude", "dirty_or_dark", "noise", "suggestion", "other"))
"""General matters; level 2 when money is lost, help was refused or someone was abused."""

REMARK_IS_3 = frozenset(
    ("bay_blocked", "site_closed", "account", "status_wrong", "parking_fee", "privacy", "fraud", "damaged",
     "screen_or_reader")
)  # fmt: skip
"""Level 2; a mere remark or question, or a flaw that keeps nobody from charging, is 3."""

WORDS = patterns(DATA / "levels.txt")


def says(what: str, text: str) -> bool:
    """Whether a section of data/levels.txt speaks in a plain text."""
    return bool(WORDS[what].search(text))


def level_of(topic: str, text: str) -> int:
    """1 danger or many affected, 2 service failed or money lost, 3 general matters (plain text expected)."""
    if topic == "safety" or many_affected(topic, text):
        return 1
    if topic in USUALLY_3:
        return 2 if says("abused", text) or says("lost money", text) else 3
    if topic == "privacy" and says("data request", text):
        return 3
    if topic in ("damaged", "screen_or_reader"):
        return 3 if says("still works", text) or (says("minor", text) and not says("out of use", text)) else 2
    if topic in REMARK_IS_3 and says("remark", text) and not says("failed", text):
        return 3
    return 2


def many_affected(topic: str, text: str) -> bool:
    match topic:
        case "station_down":
            return says("whole site", text) or (says("many wait", text) and says("several down", text))
        case "fraud":
            return says("series", text)
        case "privacy":
            return says("mass leak", text) and not says("data request", text)
        case _:
            return False
