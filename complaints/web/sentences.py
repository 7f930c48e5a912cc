"""Sentences that the product keeps or raises in English, put into the reader's language. Pure.

Each is listed as it is said in English, with %(name)s for what is filled in. A name that is a table of labels
(`state`, `topic`; `topics` for several) puts what is filled in into words, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from complaints.web.labels import LABELS
from complaints.web.tongue import LANGUAGES, Tongue

TABLES: Mapping[str, Mapping[str, str]] = {**LABELS, "language": LANGUAGES}
PARTS = {"sentences": "; ", "sentence": "\n", "items": ", "}
"""Gaps that are sentences themselves, and what stands between several."""
GAP = re.compile(r"%\((\w+)\)s")


class Phrasebook:
    """`same`: shown as they are kept, but for the language. `otherwise`: kept -> shown."""

    def __init__(self, same: Iterable[str], otherwise: Mapping[str, str] | None = None) -> None:
        pairs = [*((text, text) for text in same), *(otherwise or {}).items()]
        # What says more in words of its own comes first: a gap takes in anything.
        pairs.sort(key=lambda pair: -len(GAP.sub("", pair[0])))
        self._pairs = [(_pattern(kept), shown) for kept, shown in pairs]

    def told(self, text: str, tongue: Tongue) -> str:
        """As it is where there are no words for it."""
        if (whole := tongue.gettext(text)) != text:
            return whole
        for pattern, shown in self._pairs:
            if found := pattern.fullmatch(text):
                return tongue.say(shown, **{n: self._filled(n, v, tongue) for n, v in found.groupdict().items()})
        return text

    def knows(self, text: str) -> bool:
        return any(pattern.fullmatch(text) for pattern, _ in self._pairs)

    def _filled(self, name: str, value: str, tongue: Tongue) -> str:
        if name in PARTS:
            return PARTS[name].join(self.told(one, tongue) for one in value.split(PARTS[name]))
        if name in TABLES:
            return tongue.gettext(TABLES[name].get(value, value))
        if (table := TABLES.get(name.removesuffix("s"))) is not None:
            return ", ".join(tongue.gettext(table.get(one, one)) for one in value.split(", "))
        return value


def _taken(name: str) -> str:
    """What a gap takes in: `n` and what ends in it is a number."""
    return r"[\d,.]+" if name == "n" or name.endswith("_n") else ".*?"


def _pattern(kept: str) -> re.Pattern[str]:
    words = GAP.split(kept)
    parts = [f"(?P<{part}>{_taken(part)})" if n % 2 else re.escape(part) for n, part in enumerate(words)]
    return re.compile("".join(parts), re.DOTALL)
