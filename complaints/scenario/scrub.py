"""Scrubbing: the same records without who it was, where and when. Pure.

Names become short ones (equal stays equal), times move by whole weeks into one week of the past, so that the time
of day, the day of the week and every interval stay what they were.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from complaints.scenario.signed import resign

BASES = (date(2024, 1, 8), date(2024, 7, 8), date(2024, 4, 8), date(2024, 10, 7))
"""Mondays; the first in whose week the zone has the same offset from UTC is the one a case moves to."""
UNSET_BEFORE = 2020
"""Device clocks that were plainly not set say nothing of the day, and stay what they are."""

_DATE = re.compile(r"(?<!\d)(\d{4})-(\d{2})-(\d{2})(?=[T ]\d{2}:\d{2})")
_TOKEN_KEYS = frozenset({"idtag", "parentidtag", "idtoken", "additionalidtoken"})
_SECRET_KEYS = frozenset({
    "chargepointserialnumber", "chargeboxserialnumber", "meterserialnumber", "serialnumber", "iccid", "imsi",
    "remotelocation", "filename", "certificate", "certificatechain", "csr", "signature", "signingcertificate",
    "authorizationkey", "basicauthpassword", "username", "password", "issuernamehash", "issuerkeyhash",
    "emaid", "evccid", "ssid", "url", "responderurl", "exirequest", "exiresponse",
})
_FREE_TEXT_KEYS = frozenset({"data"})
"""What vendors put in DataTransfer may be anything."""
_CUSTOMER = re.compile(r"(app|customer|driver|wechat|alipay|mini-?program|qr|web|user|portal)\b", re.IGNORECASE)
"""On whose behalf a command was sent decides what it proves; the name itself does not (rules/origin.py)."""


@dataclass(slots=True)
class Names:
    """Short names for real ones, given out in the order of their first use."""

    given: dict[str, dict[str, str]] = field(default_factory=dict)
    real: dict[str, str] = field(default_factory=dict)
    """Real text -> its short name, to be replaced wherever it turns up inside other text."""
    _pattern: re.Pattern[str] = field(default_factory=lambda: re.compile("(?!)"))
    _known: int = 0

    def of(self, kind: str, real: str) -> str:
        known = self.given.setdefault(kind, {})
        key = real.casefold()
        if key not in known:
            known[key] = _name(kind, len(known) + 1)
            if len(real) >= 3:
                self.real[real] = known[key]
        return known[key]

    def text(self, text: str) -> str:
        """Free text with every known real name in it replaced, the longest first."""
        if not self.real or len(text) < 3:
            return text
        if self._known != len(self.real):
            longest = sorted(self.real, key=len, reverse=True)
            inside = "|".join(re.escape(real) for real in longest)
            self._pattern = re.compile(f"(?<![A-Za-z0-9])(?:{inside})(?![A-Za-z0-9])")
            self._known = len(self.real)
        return self._pattern.sub(lambda found: self.real[found[0]], text)


def _name(kind: str, n: int) -> str:
    match kind:
        case "station":
            return chr(64 + n) if n <= 26 else f"S{n}"
        case "transaction":
            return f"tx-{n}"
        case "phone":
            return f"+00000000{n:03d}"
        case "email":
            return f"driver{n}@example.invalid"
        case _:
            return f"{kind[0].upper()}{n}"


@dataclass(slots=True)
class Scrub:
    """One case's scrubbing. `weeks` is how far its times move."""

    weeks: int
    names: Names = field(default_factory=Names)
    numbers: dict[tuple[str, int], int] = field(default_factory=dict)
    messages: dict[str, str] = field(default_factory=dict)

    def at(self, at: datetime) -> datetime:
        return at + timedelta(weeks=self.weeks)

    def when(self, text: str) -> str:
        """Every date with a time of day in a text, moved; the rest as it is."""
        return _DATE.sub(self._moved, text)

    def _moved(self, found: re.Match[str]) -> str:
        year, month, day = (int(part) for part in found.groups())
        if year < UNSET_BEFORE:
            return found[0]
        try:
            return (date(year, month, day) + timedelta(weeks=self.weeks)).isoformat()
        except (ValueError, OverflowError):
            return found[0]

    def number(self, station: str, number: int) -> int:
        """1.6 transaction ids; 0 and what is below mean none and stay."""
        if number <= 0:
            return number
        return self.numbers.setdefault((station, number), len(self.numbers) + 1)

    def said(self, station: str, said: str) -> str:
        """A transaction as its station names it."""
        bare = said.removeprefix("-")
        return str(self.number(station, int(said))) if bare.isdigit() else self.names.of("transaction", said)

    def by(self, who: str) -> str:
        """On whose behalf: the driver's app stays that, anybody of ours becomes nobody in particular."""
        if found := _CUSTOMER.match(who.strip()):
            return found[0]
        return who if who.strip().lower() in ("", "unknown") else self.names.of("staff", who)

    def frame(self, station: str, text: str) -> Any:
        """An OCPP-J frame: the array, or the text where it is none."""
        try:
            frame = orjson.loads(text)
        except orjson.JSONDecodeError:
            return self.names.text(self.when(text))
        if not isinstance(frame, list) or len(frame) < 2 or not isinstance(frame[1], str):
            return self.names.text(self.when(text))
        id = self.messages.setdefault(f"{station}/{frame[1]}", f"m{len(self.messages) + 1}")
        return [frame[0], id, *(self.payload(station, part) for part in frame[2:])]

    def payload(self, station: str, value: Any, key: str = "") -> Any:
        name = key.lower()
        match value:
            case dict():
                return self._object(station, value)
            case list():
                return [self.payload(station, each, key) for each in value]
            case str():
                return self._string(station, value, name)
            case int() if name == "transactionid" and not isinstance(value, bool):
                return self.number(station, value)
            case _:
                return value

    def _object(self, station: str, value: Mapping[str, Any]) -> dict[str, Any]:
        shown = {key: each for key, each in value.items() if key != "customData"}
        if "signedMeterData" in shown:
            return resign(shown, self.signed_text)
        return {key: self.payload(station, each, key) for key, each in shown.items()}

    def _string(self, station: str, value: str, name: str) -> str:
        if name in _TOKEN_KEYS:
            return self.names.of("token", value) if value else value
        if name == "transactionid":
            return self.said(station, value)
        if name in _SECRET_KEYS or "://" in value:
            return "x" if value else value
        if name in _FREE_TEXT_KEYS:
            return ""
        if "signedMeterData" in value and value.lstrip().startswith("{"):
            return orjson.dumps(self.payload(station, orjson.loads(value))).decode()
        return self.when(value) if _DATE.match(value) else self.names.text(self.when(value))

    def signed_text(self, payload: str) -> str:
        """What a meter signed, without serial numbers and the driver's identification."""
        scrubbed = re.sub(r'"(GS|MS|PG)"\s*:\s*"[^"]*"', r'"\1":"x"', payload)
        scrubbed = re.sub(r'"ID"\s*:\s*"([^"]*)"', lambda m: f'"ID":"{self.names.of("token", m[1])}"', scrubbed)
        return self.names.text(self.when(scrubbed))


def weeks_for(filed_at: datetime, zones: Iterable[str], others: Iterable[datetime] = ()) -> int:
    """How many weeks a case moves so that no zone's offset from UTC differs at any of its times."""
    moments = [filed_at, *others]
    named = [ZoneInfo(zone) for zone in dict.fromkeys(zones)]
    choices = [(base - filed_at.astimezone(UTC).date()).days // 7 for base in BASES]
    for weeks in choices:
        moved = timedelta(weeks=weeks)
        if all((at + moved).astimezone(zone).utcoffset() == at.astimezone(zone).utcoffset()
               for at in moments for zone in named):
            return weeks
    return choices[0]
