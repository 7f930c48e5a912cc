"""Checks of a bill or a meter against something else that knows it: the register chain, the battery, the record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from statistics import median
from typing import Any, Literal

ZERO = Decimal(0)
STEP = Decimal("0.001")
CENT = Decimal("0.01")
SYSTEMATIC = Decimal("0.05")
# Share of what was billed that reaches the battery: AC is measured before the on-board charger, DC after
# the rectifier. Between the bands a heated or cooled battery explains it; above 1 nothing does.
BANDS = {"AC": (Decimal("0.82"), Decimal("0.93")), "DC": (Decimal("0.93"), Decimal("0.98"))}
LEAST = Decimal("0.80")


def chain_gap(stop_wh: float, next_start_wh: float) -> Decimal:
    """Energy between a stop and the next start on that connector; below zero the stop value is too high."""
    return Decimal(str(next_start_wh)) - Decimal(str(stop_wh))


def battery(
    usable_wh: float, soc_from: float, soc_to: float, billed_wh: float, *, current: Literal["AC", "DC"]
) -> Literal["plausible", "unclear", "impossible"]:
    """Whether the battery's gain fits the billed energy.

    `impossible`: less than four fifths arrived, or more than was billed. A judgement, not a measurement: the
    car's percent are its own.
    """
    share = Decimal(str(usable_wh)) * Decimal(str(soc_to - soc_from)) / 100 / Decimal(str(billed_wh))
    low, high = BANDS[current]
    if low <= share <= high:
        return "plausible"
    return "unclear" if LEAST <= share <= Decimal("1.02") else "impossible"


def coefficient(pairs: Sequence[tuple[float, float]]) -> Decimal | None:
    """The factor by which a connector counts wrong, where all its sessions show the same: a transformer set wrongly.

    Pairs of (register difference, energy by another source) in Wh; at least three.
    """
    ratios = [Decimal(str(register)) / Decimal(str(true)) for register, true in pairs if true > 0]
    if len(ratios) < 3:
        return None
    middle = median(ratios)
    same = all(abs(r / middle - 1) <= SYSTEMATIC / 2 for r in ratios)
    return middle.quantize(CENT) if same and abs(middle - 1) > SYSTEMATIC else None


def record_errors(record: Mapping[str, Any]) -> list[str]:
    """What does not add up in a trade record as Chinese platforms exchange it (YKC, T/CEC 102), in kWh.

    `periods` (energy, price, money each), `begin`, `end`, `energy`, `billed_loss`, `energy_money`,
    `service_money`, `total`. Whatever is found, the back office made it.
    """
    periods = [tuple(Decimal(str(v)) for v in period) for period in record["periods"]]
    value = {key: Decimal(str(record[key])) for key in record if key != "periods"}
    slack = STEP * max(1, len(periods))
    checks = {
        "periods": abs(sum((p[0] for p in periods), ZERO) - value["energy"]) <= slack,
        "register": abs(value["end"] - value["begin"] - value["energy"]) <= slack,
        "period_money": all(abs((p[0] * p[1]).quantize(CENT, ROUND_HALF_UP) - p[2]) <= CENT for p in periods),
        "total": abs(value["energy_money"] + value["service_money"] - value["total"]) <= CENT / 2,
        "loss": value["billed_loss"] >= value["energy"],
    }
    return [name for name, right in checks.items() if not right]
