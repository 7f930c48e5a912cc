"""
The tolerant reader: what to make of frames that break the rules in known ways.

Nothing here runs for a valid frame. A payload that breaks its schema goes through `repair`, a meter value
that is no number through `mend_values` (and text that is no JSON through `broken_json`). Each repair is a
small function with a name, and the names go with the message: that a value was repaired is itself evidence.

A repair either mends (the payload is changed) or excuses (it is left as sent, and the reader copes):
what a station said is never replaced by something it did not say. Which station does it is told by row
numbers of `station-quirks.md` and `station-surprises.md`, the collected field reports.
What no repair speaks for is refused.
"""

from csms.ocpp.repairs.excuses import EXCUSES as EXCUSES
from csms.ocpp.repairs.mends import MENDS as MENDS
from csms.ocpp.repairs.payloads import repair as repair
from csms.ocpp.repairs.values import mend_values as mend_values
