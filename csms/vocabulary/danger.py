"""Which faults may hurt somebody (G1 of contract/codes.md): nothing is made live from afar while one is open."""

from __future__ import annotations

import re

from csms.vocabulary.facts import Fault

_KINDS = frozenset({"ground", "emergency", "overcurrent"})
_WORDS = re.compile(
    r"tripped|PowerSwitchFailure|PowerContactor|contactor|weld|shock|smoke|fire|burn|flood|tilt|breakaway|cut ?cable"
    r"|CX0(02|08|17|19|22|24|26)|冒烟|烟雾|起火|触电|漏电|绝缘|粘连|断线|跳闸|急停", re.IGNORECASE,
)


def is_dangerous(fault: Fault) -> bool:
    """Ground fault, emergency stop, tripped protection, shock, fire, cut cable, welded contactor."""
    if fault.kind in _KINDS:
        return True
    told = " ".join(filter(None, (fault.code, fault.vendor_code, fault.description)))
    return bool(_WORDS.search(told))
