"""Languages of the pages: which one a visitor gets, and the words in it. Catalogues are read as they are, unbuilt."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from babel.messages.pofile import read_po

from complaints.chinese import traditional

LANGUAGES: Mapping[str, str] = {"zh-Hans": "简体中文", "zh-Hant": "繁體中文", "en": "English"}
FALLBACK = "en"
CATALOGUES = Path(__file__).parent / "locale"

_PREFERENCE = re.compile(r"([A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*|\*)(?:\s*;\s*q=([01](?:\.\d{0,3})?))?")
_TRADITIONAL = ("hant", "tw", "hk", "mo")


def N_(text: str) -> str:  # noqa: N802 - gettext's own name for "translate this later"
    """Marks a text for the catalogues where it stands in a table."""
    return text


def choose(asked: str | None, remembered: str | None, accept: str | None) -> str:
    """The language asked for by the switch, else the one of the cookie, else the browser's first that we have."""
    for named in (asked, remembered):
        if named in LANGUAGES:
            return str(named)
    return next((known for tag in _preferred(accept or "") if (known := _known(tag))), FALLBACK)


def _preferred(accept: str) -> list[str]:
    """Tags of an Accept-Language header, the most wanted first."""
    found = [(float(m[2] or 1), m[1].lower()) for m in _PREFERENCE.finditer(accept)]
    return [tag for weight, tag in sorted(found, key=lambda pair: -pair[0]) if weight > 0]


def _known(tag: str) -> str | None:
    main, *rest = tag.split("-")
    if main == "zh":
        return "zh-Hant" if any(part in _TRADITIONAL for part in rest) else "zh-Hans"
    return "en" if main == "en" else None


class Tongue:
    """One language: texts and their translations."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._texts = catalogue(language)

    def gettext(self, text: str) -> str:
        return self._texts.get(text) or self._derived(text)

    def ngettext(self, one: str, many: str, n: int) -> str:
        """Our languages but English know no plural; English texts here avoid needing one."""
        return self.gettext(one if n == 1 else many)

    def say(self, text: str, **values: Any) -> str:
        """The text in this language; `%(name)s` in it is filled in."""
        said = self.gettext(text)
        return said % values if values else said

    def of(self, words: Mapping[str, str]) -> str:
        """This language's sentence out of {"en", "zh", "zh-Hant"?} as assessments keep them."""
        match self.language:
            case "zh-Hans":
                return words.get("zh", "")
            case "zh-Hant":
                return words.get("zh-Hant") or traditional(words.get("zh", ""))
            case _:
                return words.get("en", "")

    def _derived(self, text: str) -> str:
        """Traditional Chinese is derived from the simplified text, unless its own catalogue says otherwise."""
        if self.language == "zh-Hant" and (simplified := catalogue("zh-Hans").get(text)):
            return traditional(simplified)
        return text


@lru_cache(maxsize=len(LANGUAGES))
def catalogue(language: str) -> Mapping[str, str]:
    """Text -> translation, out of `<language>.po` and the `<language>.<part>.po` beside it."""
    found: dict[str, str] = {}
    for file in [*CATALOGUES.glob(f"{language}.*.po"), *CATALOGUES.glob(f"{language}.po")]:
        with file.open("rb") as opened:
            messages = read_po(opened, locale=language.replace("-", "_"))
        found |= {str(m.id): str(m.string) for m in messages if m.id and m.string and not m.fuzzy}
    return found
