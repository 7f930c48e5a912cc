"""What a complaint is about, from its words alone: category, topic, level, department, language, and why.

Rules of danger are asked first (`danger`); the topic is a small linear model's (`model`, trained by `training`);
category and department follow from the topic, the level from topic and words (`topics`). No network, no state.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from complaints.intake.classify import snippets
from complaints.intake.classify.features import Seen, see
from complaints.intake.classify.model import Floats, Model
from complaints.intake.classify.patterns import DATA
from complaints.intake.classify.reading import Language, language_of, plain
from complaints.intake.classify.topics import CATEGORY_OF, DEPARTMENT_OF, TOPICS, level_of

__all__ = ["CATEGORY_OF", "DEPARTMENT_OF", "TOPICS", "Classification", "Classifier", "classify", "language_of"]

SHIPPED = DATA / "topics.npz"

LONGEST = 6000
"""Characters read at all."""
OTHERS = 7
SURE_OF_DANGER = 0.95
LEARNED_DANGER = 0.5
"""The model alone may call a text a danger, where no rule knows the words: from this likelihood on,"""
HINTED_DANGER = 0.25
"""or from this one on where weak signs of danger are there."""


@dataclass(frozen=True, slots=True)
class Classification:
    category: str
    topic: str
    level: int
    department: str
    language: Language
    confidence: float
    because: tuple[str, ...]
    """Words of the text that decided."""
    alternatives: tuple[tuple[str, float], ...]
    """The next topics with their likelihood; the desk shows three, records may lift any (intake/weigh.py)."""
    danger: bool


@dataclass(frozen=True, slots=True)
class Classifier:
    """A model at work; the desk may train one of its own from corrections."""

    model: Model

    @classmethod
    def load(cls, path: Path) -> Classifier:
        return cls(Model.load(path))

    def classify(self, text: str, *, language: str | None = None) -> Classification:
        original = text[:LONGEST]
        read = plain(original)
        seen = see(read)
        likelihoods = self.model.likelihoods(seen)
        danger = in_danger(seen, likelihoods)
        topic, confidence, others = ranked(self.model.topics, likelihoods, danger)
        shares = self.model.shares(seen, self.model.topics.index(topic), likelihoods, len(read))
        by_rule = snippets.spoken(original, seen.danger.spans) if danger else ()
        return Classification(
            category=CATEGORY_OF[topic],
            topic=topic,
            level=level_of(topic, read),
            department=DEPARTMENT_OF[topic],
            language=known_language(language) or language_of(original),
            confidence=confidence,
            because=by_rule or snippets.telling(original, shares),
            alternatives=others,
            danger=danger,
        )


def in_danger(seen: Seen, likelihoods: Floats) -> bool:
    """By the rules; or by what the model learned, unless the danger is named only to be denied."""
    if seen.danger.certain:
        return True
    learned = float(likelihoods[TOPICS.index("safety")])
    if seen.danger.denied and not seen.danger.weight:
        return False
    return learned >= (HINTED_DANGER if seen.danger.weight else LEARNED_DANGER)


def ranked(
    topics: tuple[str, ...], likelihoods: Floats, danger: bool
) -> tuple[str, float, tuple[tuple[str, float], ...]]:
    """The topic, how likely it is, and the next ones; safety is first or, without danger, not there at all."""
    order = [topics[i] for i in np.argsort(-likelihoods, kind="stable") if topics[i] != "safety"]
    of = dict(zip(topics, likelihoods.tolist(), strict=True))
    if danger:
        others = tuple((topic, round(of[topic], 3)) for topic in order[:OTHERS])
        return "safety", round(max(of["safety"], SURE_OF_DANGER), 3), others
    best = order[0]
    return best, round(of[best], 3), tuple((topic, round(of[topic], 3)) for topic in order[1 : OTHERS + 1])


def known_language(language: str | None) -> Language | None:
    match language:
        case "zh-Hans" | "zh-Hant" | "en":
            return language
        case _:
            return None


@cache
def shipped() -> Classifier:
    return Classifier.load(SHIPPED)


def classify(text: str, *, language: str | None = None) -> Classification:
    """Classify a complaint with the model that came with this release."""
    return shipped().classify(text, language=language)
