"""Payloads that break their schema: mended or excused, round by round."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from jsonschema_rs import ValidationError

from csms.ocpp.repairs.excuses import EXCUSES
from csms.ocpp.repairs.flaw import Flaw
from csms.ocpp.repairs.mends import MENDS
from csms.ocpp.schemas import mistake, mistakes

_ROUNDS = 6
"""A mended value may show the next flaw beneath it; nothing known takes more than four."""


def repair(protocol: str, action: str, payload: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The payload as it may be read, and the names of the repairs; `StationMistake` if something has none."""
    ours = deepcopy(dict(payload))
    names: dict[str, None] = {}
    for _ in range(_ROUNDS):
        flaws = [_flaw(protocol, action, ours, error) for error in mistakes(protocol, action, ours)]
        mended = [name for flaw in flaws if (name := _mend(flaw))]
        _take_out(flaws)
        names.update(dict.fromkeys(mended or map(_excuse, flaws)))
        if not mended:
            return ours, tuple(names)
    raise mistake(protocol, flaws[0].error)


def _flaw(protocol: str, action: str, payload: Any, error: ValidationError) -> Flaw:
    holder, value = None, payload
    for step in error.instance_path:
        holder, value = value, value[step]
    return Flaw(protocol, action, error, holder, value)


def _mend(flaw: Flaw) -> str | None:
    if flaw.is_settled:
        return None
    for mend in MENDS.get(flaw.kind.name, ()):
        if mend(flaw):
            return mend.__name__
    return None


def _excuse(flaw: Flaw) -> str:
    excuse = None if flaw.action in _REPEATED else EXCUSES.get(flaw.kind.name)
    name = excuse(flaw) if excuse else None
    if name is None:
        raise mistake(flaw.protocol, flaw.error)
    return name


def _take_out(flaws: list[Flaw]) -> None:
    gone: dict[int, tuple[list[Any], set[int]]] = {}
    for flaw in flaws:
        if flaw.removed and isinstance(flaw.key, int):
            gone.setdefault(id(flaw.holder), (flaw.holder, set()))[1].add(flaw.key)
    for holder, positions in gone.values():
        holder[:] = [one for position, one in enumerate(holder) if position not in positions]


_REPEATED = {"GetCertificateChainStatus", "VatNumberValidation"}
"""Our answer repeats what was asked, so it has to be right."""
