"""The complaint's own words that decided, cut so that a person can read them."""

from __future__ import annotations

import re

from complaints.intake.classify.model import Floats

PIECE = re.compile(r"[㐀-鿿]|[A-Za-z0-9£$€¥%][A-Za-z0-9'’.,]*[A-Za-z0-9%]|[A-Za-z0-9£$€¥%]")
CLOSE = 2
"""Characters between two pieces that still make one snippet: a space, or a single small character."""
MOST = 4
SMALL_WORDS = frozenset(
    ("a", "an", "the", "of", "to", "and", "or", "in", "on", "at", "it", "is", "was", "i", "my", "your", "you", "for",
     "with", "that", "this", "的", "了", "我", "是", "在", "就", "都", "也", "还", "和")
)  # fmt: skip


def telling(text: str, shares: Floats) -> tuple[str, ...]:
    """Up to four snippets with the highest share, in the order of the text."""
    pieces = [(m.start(), m.end(), float(shares[m.start() : m.end()].sum())) for m in PIECE.finditer(text)]
    strong = max((share for _, _, share in pieces), default=0.0) * 0.3
    runs = joined([piece for piece in pieces if piece[2] > strong > 0])
    runs = [run for run in (trimmed(text, run) for run in runs) if run[1] - run[0] >= 2]
    best = sorted(sorted(runs, key=lambda run: -run[2])[:MOST])
    return tuple(dict.fromkeys(text[start:end] for start, end, _ in best))


def spoken(text: str, spans: tuple[tuple[int, int], ...]) -> tuple[str, ...]:
    """Snippets of given places."""
    wide = [widened(text, start, end) for start, end in sorted(spans)]
    runs = joined([(start, end, float(end - start)) for start, end in wide])
    return tuple(dict.fromkeys(text[start:end].strip() for start, end, _ in runs))[:MOST]


def joined(pieces: list[tuple[int, int, float]]) -> list[tuple[int, int, float]]:
    runs: list[tuple[int, int, float]] = []
    for start, end, share in pieces:
        if runs and start - runs[-1][1] < CLOSE:
            runs[-1] = (runs[-1][0], max(end, runs[-1][1]), runs[-1][2] + share)
        else:
            runs.append((start, end, share))
    return runs


def trimmed(text: str, run: tuple[int, int, float]) -> tuple[int, int, float]:
    """Without small words at either end, which carry nothing for a reader."""
    start, end, share = run
    parts = [(m.start() + start, m.end() + start) for m in PIECE.finditer(text[start:end])]
    while parts and text[slice(*parts[0])].lower() in SMALL_WORDS:
        parts.pop(0)
    while parts and text[slice(*parts[-1])].lower() in SMALL_WORDS:
        parts.pop()
    return (parts[0][0], parts[-1][1], share) if parts else (start, start, 0.0)


def widened(text: str, start: int, end: int) -> tuple[int, int]:
    """To whole words in Latin script."""
    while start > 0 and text[start - 1].isascii() and text[start - 1].isalpha() and text[start].isascii():
        start -= 1
    while end < len(text) and text[end].isascii() and text[end].isalpha() and text[end - 1].isascii():
        end += 1
    return start, end
