"""All rules but those about money, and running them on a case."""

from complaints.findings import Finding
from complaints.rules import connection, energy, faults, others, power, records, starts, stops, vehicle
from complaints.rules.case import Case
from complaints.rules.register import RULES, Rule

MODULES = (energy, power, stops, starts, faults, connection, records, vehicle, others)
"""Importing a module registers its rules."""


def rules() -> tuple[Rule, ...]:
    """In the order in which findings are told, whatever was imported first."""
    order = {module.__name__: place for place, module in enumerate(MODULES)}
    return tuple(sorted(RULES, key=lambda r: order.get(r.check.__module__, len(order))))


def findings(case: Case) -> list[Finding]:
    """Everything that holds, relevant or not; its stance says what it means for the claim."""
    return [found for one in rules() if (found := one.finding(case)) is not None]
