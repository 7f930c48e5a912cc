"""What the tables ask of a case: whether a finding holds, and which way it points."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from complaints.claim import Claim
from complaints.findings import Bill, Finding, RemoteAction
from complaints.rules.asks import asks
from complaints.rules.case import Case


def _disputes_all(view: View) -> bool:
    """He wants all of it back, not only what is too much."""
    disputed = view.claim.amount_disputed
    return disputed is not None and view.bill is not None and disputed >= view.bill.charged


@dataclass(frozen=True, slots=True)
class View:
    """A claim with its findings and bill. A sign after a code asks for the stance: "stop.by_fault+"
    supports the claim, "stop.by_customer-" contradicts it; without a sign it only has to hold."""

    case: Case
    findings: Mapping[str, Finding]
    bill: Bill | None = None
    remote: tuple[RemoteAction, ...] = field(default=())

    @property
    def claim(self) -> Claim:
        return self.case.claim

    def holds(self, asked: str) -> bool:
        if asked in _FACTS:
            return _FACTS[asked](self)
        finding = self.findings.get(asked.rstrip("+-"))
        if finding is None:
            return False
        wanted = {"+": "supports", "-": "contradicts"}.get(asked[-1])
        return wanted is None or finding.stance == wanted

    def any(self, asked: Iterable[str]) -> bool:
        return any(self.holds(one) for one in asked)

    @property
    def asks(self) -> frozenset[str]:
        return asks(self.case)

    @property
    def supports(self) -> bool:
        return any(f.stance == "supports" for f in self.findings.values())

    @property
    def contradicts(self) -> bool:
        return any(f.stance == "contradicts" for f in self.findings.values())

    @property
    def excess(self) -> Decimal:
        """What was charged beyond the expected bill: never below zero, never more than charged."""
        if self.bill is None or self.case.is_live:
            return Decimal(0)
        return min(max(self.bill.charged - self.bill.expected, Decimal(0)), self.bill.charged)

    def open_fault(self, *kinds: str) -> bool:
        return any(f.kind in kinds and f.cleared_at is None for f in self.case.faults)


_FACTS: Mapping[str, Callable[[View], bool]] = {
    "case.live": lambda view: view.case.is_live,
    "case.unpaid": lambda view: view.bill is None or view.bill.charged + view.bill.held <= 0,
    "case.disputes_all": _disputes_all,
}
"""Facts about the case that are no findings, for the few rows that turn on them."""
