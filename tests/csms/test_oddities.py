"""Every rule that is counted says what it means."""

from __future__ import annotations

import re
from pathlib import Path

import csms
from csms.oddities import MEANINGS

NAMED = re.compile(
    r"""\.doubt\("(\w+)"|rule\(heard, "(\w+)"|suspect\(\w+, "(\w+)"|return "(clock_\w+)"|"(stop_id_\w+)\""""
)


def test_every_doubt_and_rule_has_a_meaning_and_no_other() -> None:
    code = "".join(file.read_text() for file in Path(csms.__file__).parent.rglob("*.py") if file.stem != "oddities")
    named = {name for found in NAMED.findall(code) for name in found if name}
    assert named <= MEANINGS.keys()
    assert MEANINGS.keys() - named == {
        "no_subprotocol", "trailing_slash", "id_respelled", "stop_lost"}, "told by their constants"
