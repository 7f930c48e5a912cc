"""How a rule is written: a function of a case that says what holds, or nothing."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeVar

from complaints.findings import Finding, Ref, Stance, Words
from complaints.rules.asks import asks
from complaints.rules.case import Case

Grade = Literal["A", "B", "C", "D", "E"]
"""A signed register pair; B unsigned registers with a consistent chain; C samples only, one end missing,
or a station's own word; D derived; E none or contradictory."""


@dataclass(frozen=True, slots=True)
class Held:
    """What a rule found: what it means for the claim, in words, with its proof."""

    stance: Stance
    en: str
    zh: str
    refs: tuple[Ref, ...]
    confidence: float = 0.9
    grade: Grade | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    code: str
    grade: Grade
    check: Callable[[Case], Held | None]

    @property
    def about(self) -> str:
        """What it holds, its source and its limits: the docstring, for the table in the docs."""
        return inspect.cleandoc(self.check.__doc__ or "")

    def finding(self, case: Case) -> Finding | None:
        held = self.check(case)
        if held is None:
            return None
        words = Words(held.en, held.zh)
        return Finding(self.code, held.stance, held.confidence, held.grade or self.grade, words, _distinct(held.refs))


RULES: list[Rule] = []
"""All rules in the order of their registration, which is the order findings are told in."""

_Check = TypeVar("_Check", bound=Callable[[Case], Held | None])


def rule(code: str, *, grade: Grade) -> Callable[[_Check], _Check]:
    """Registers a rule under its finding's code, with the grade its evidence usually has."""

    def register(check: _Check) -> _Check:
        assert code not in {r.code for r in RULES}, code
        RULES.append(Rule(code, grade, check))
        return check

    return register


def stance(case: Case, *, supports: Iterable[str] = (), contradicts: Iterable[str] = ()) -> Stance:
    """What a finding means by what the claim asks; nothing either way unless a topic of it is named."""
    questions = asks(case)
    if not questions.isdisjoint(supports):
        return "supports"
    return "inconclusive" if questions.isdisjoint(contradicts) else "contradicts"


def frame(id: str | None, at: datetime | None = None) -> tuple[Ref, ...]:
    return (Ref("frame", id, at),) if id else ()


def _distinct(refs: Iterable[Ref]) -> tuple[Ref, ...]:
    return tuple(dict.fromkeys(refs))
