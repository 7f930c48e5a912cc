"""What each repair means, in a sentence, for those who read how often it was needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from inspect import getdoc
from typing import Any

from csms.ocpp import broken_json, repairs
from csms.ocpp.acceptance import EARLY

_OTHERS = {
    "unknown_measurand": "A measurand that OCPP does not have; the value is kept under the name as sent.",
    "unknown_context": "A reading context that OCPP does not have; kept as sent.",
    "unknown_unit": "A unit that OCPP does not have; converted where it is known, else kept under a name that says so.",
    "unknown_error_code": "A fault code that OCPP does not have; the fault is kept under the code as sent.",
    "unknown_status": "A status that OCPP does not have; kept as sent.",
    "missing_time": "No time was given: the time of receipt stands for it.",
    "missing_transaction": "No transaction was named: it is told by place, token and meter.",
    "unreadable_time": "A time that nobody can read: the time of receipt stands for it.",
    "empty_value": "A meter value that is empty; left out.",
    "unreadable_value": "A meter value that is no number; left out.",
    "decimal_comma": "A number with a comma for its point.",
    "loose_json": "JSON with control characters, NaN or half a character in it.",
    "nul_character": "Text with NUL characters in it, which no database holds; taken out.",
    "message_type_as_text": "The type of the message in quotes.",
    "message_id_as_number": "A message id that is a number.",
    "frame_too_long": "More in the frame than a message has; the rest is not read.",
    "payload_missing": "No payload: read as an empty one.",
    "unreadable": "Not a message at all; only kept.",
    "secret_masked": "A password was in it: kept without.",
    EARLY: "Said before the station was accepted: kept, and refused as 2.0.1 B02 asks.",
    "spoken_in_ocpp1.6": "Said in OCPP 1.6 on a connection that had agreed on another version.",
    "spoken_in_ocpp2.0.1": "Said in OCPP 2.0.1 on a connection that had agreed on another version.",
    "spoken_in_ocpp2.1": "Said in OCPP 2.1 on a connection that had agreed on another version.",
}


def _told(function: Callable[..., Any]) -> str:
    return " ".join((getdoc(function) or "").split("\n\n")[0].split())


MEANINGS: Mapping[str, str] = {
    **{mend.__name__: _told(mend) for mends in repairs.MENDS.values() for mend in mends},
    **{excuse.__name__: _told(excuse) for excuse in repairs.EXCUSES.values()},
    **{mend.__name__: _told(mend) for mend in (
        broken_json.byte_order_mark, broken_json.stray_commas, broken_json.missing_values
    )},
    **_OTHERS,
}
"""Name of a repair -> what it means."""
