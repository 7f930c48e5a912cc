"""What the rules are called by which odd behaviour of stations is met, and what each means.

Repairs mend or excuse what a schema forbids (`csms.ocpp.meanings`); rules read what is well-formed and yet odd. Both
are counted per model and firmware. A doubt stands in `suspect` of its transaction besides.
"""

from __future__ import annotations

from collections.abc import Mapping

NO_SUBPROTOCOL, TRAILING_SLASH, ID_RESPELLED = "no_subprotocol", "trailing_slash", "id_respelled"

MEANINGS: Mapping[str, str] = {
    NO_SUBPROTOCOL: "No OCPP version was offered in the handshake: read as 1.6.",
    TRAILING_SLASH: "The address ended in a slash.",
    ID_RESPELLED: "The id in the address was in another letter case than it was entered.",
    "start_heard_again": "A start that was known already, under whatever message id: the same transaction.",
    "stop_heard_again": "A stop that was known already: the same answer, nothing changed.",
    "token_lengthened": "The token of the stop is that of the start with more behind it: the stop counts.",
    "nothing_in_words": "An error field that says in words that there is no error: read as empty.",
    "finishing_with_error": "Finishing with an error code: a warning, the plug is not out of order.",
    "foreign_transaction": "Meter values named a transaction that does not run at their plug.",
    "clock_unset": "A time before 2020: the clock was never set, the time of receipt stands for it.",
    "clock_local": "A clock that is off by a time zone: local time marked Z.",
    "clock_ahead": "A time that had not come yet.",
    "time_backwards": "A stop before its start.",
    "energy_negative": "A register at the stop below that at the start.",
    "register_kwh": "Registers in kWh where Wh belong, told by the readings.",
    "start_missing": "A transaction whose start was never told.",
    "start_late": "A start that came after later events of its transaction.",
    "start_out_of_order": "A start that came after a later one at its plug.",
    "start_repeated": "A start as one before, after that one's stop: another transaction.",
    "start_unanswered": "A start that was never answered, in history that was brought in.",
    "stop_missing": "A transaction that is over, and its stop was never told.",
    "stop_late": "A stop that came after the next start at its plug.",
    "stop_lost": "The station itself says that it knows nothing more of a transaction that is open.",
    "stop_repeated": "A second stop that says otherwise: it may only add.",
    "stop_id_unknown": "A stop that names no transaction there ever was: it ended the one it must have meant.",
    "stop_id_stale": "A stop that names one that was over: it ended the one it must have meant.",
    "orphan_stop": "A stop of a transaction nobody knows: kept by itself.",
    "overlap": "Two transactions at one plug at one time.",
    "seq_gap": "Numbers of events left out: messages are lost, or late.",
    "event_after_end": "An event of a transaction that had ended.",
}
