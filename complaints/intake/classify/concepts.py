"""Ideas that complaints are made of, in both languages: what the model reads besides the bare words.

`data/ideas.txt` names each idea ("money taken", "no energy came"); texts of different languages meet in them. They
carry no verdict: how much an idea speaks for a topic is learned.
"""

from __future__ import annotations

from complaints.intake.classify.patterns import DATA, patterns

WORDS = DATA / "ideas.txt"
IDEAS = patterns(WORDS)


def found_in(text: str) -> dict[str, list[tuple[int, int]]]:
    """The ideas in a plain text, each with its places."""
    found: dict[str, list[tuple[int, int]]] = {}
    for name, pattern in IDEAS.items():
        places = [match.span() for match in pattern.finditer(text) if match.end() > match.start()]
        if places:
            found[name] = places
    return found
