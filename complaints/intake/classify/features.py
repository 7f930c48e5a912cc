"""What the model sees of a text: short runs of characters and words, and the ideas of `concepts`."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from complaints.intake.classify import concepts, danger

RUN = re.compile(r"[㐀-鿿]+|[a-z0-9]+(?:'[a-z]+)?")
DIGIT = re.compile(r"\d")

Places = list[tuple[int, int]]


@dataclass(slots=True)
class Seen:
    """Features with the places they were seen at, so that a verdict can point at words."""

    grams: dict[str, Places] = field(default_factory=dict)
    ideas: dict[str, Places] = field(default_factory=dict)
    danger: danger.Danger = danger.NONE

    def gram(self, name: str, start: int, end: int) -> None:
        self.grams.setdefault(name, []).append((start, end))


ENOUGH = 1500
"""Characters read for the topic; danger is looked for in all of them."""


def see(text: str) -> Seen:
    """Features of a plain text (`reading.plain`)."""
    seen = Seen(danger=danger.look(text))
    see_ideas(seen, text[:ENOUGH])
    see_grams(seen, DIGIT.sub("0", text[:ENOUGH]))
    return seen


def see_ideas(seen: Seen, text: str) -> None:
    ideas = concepts.found_in(text)
    if seen.danger.weight:
        ideas["danger" if seen.danger.certain else "hint of danger"] = list(seen.danger.spans)
    seen.ideas.update(ideas)


def see_grams(seen: Seen, text: str) -> None:
    last_word: re.Match[str] | None = None
    for run in RUN.finditer(text):
        if run[0][0] >= "㐀":
            see_han(seen, run[0], run.start())
            last_word = None
        else:
            see_word(seen, run)
            if last_word is not None:
                seen.gram(f"{last_word[0]} {run[0]}", last_word.start(), run.end())
            last_word = run


def see_han(seen: Seen, run: str, at: int) -> None:
    for size in (1, 2, 3, 4):
        for i in range(len(run) - size + 1):
            seen.gram(run[i : i + size], at + i, at + i + size)


def see_word(seen: Seen, run: re.Match[str]) -> None:
    start, end = run.span()
    seen.gram(f"{run[0]} ", start, end)
    padded = f"_{run[0]}_"
    for size in (3, 4, 5):
        for i in range(len(padded) - size + 1):
            seen.gram(padded[i : i + size], start, end)
