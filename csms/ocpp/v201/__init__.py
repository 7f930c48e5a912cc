"""OCPP 2.0.1 <-> our vocabulary; 2.1 says most of it the same way.

* `said`      what the station says
* `answered`  what it is answered
* `asked`     what we ask, and what its answer comes to

`read` wants a payload that its schema has judged, or `repairs` has excused: what may be missing there
is asked for with `.get` here. Whole numbers pass through `int`, for draft 6 takes 1.0 for one.
"""

from csms.ocpp.v201.answered import read_reply as read_reply, write_reply as write_reply
from csms.ocpp.v201.asked import (
    read_answer as read_answer,
    read_command as read_command,
    read_outcome as read_outcome,
    read_variables as read_variables,
    write_command as write_command,
)
from csms.ocpp.v201.said import read as read
