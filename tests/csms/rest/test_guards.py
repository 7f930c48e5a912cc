"""The guards that the central system itself keeps (contract/codes.md), one test each; G6 and G8 to G11 are a case's:
tests/complaints/test_guards.py.
"""

from __future__ import annotations

from typing import Any

import pytest

from csms.kit.clock import iso, system_clock
from tests.csms.rest.conftest import Http
from tests.csms.rest.test_controls import ACCEPTED, ask, at_station
from tests.csms.rest.wire import Plug

SOFT, HARD = {"type": "Soft"}, {"type": "Hard"}


async def refused(http: Http, action: str, payload: dict[str, Any]) -> list[str]:
    """The guards that forbid it."""
    answer, problem = await http("POST", "/stations/CS-1/commands", {"action": action, "payload": payload})
    assert answer == 409, problem
    return list(problem["guards"])


async def fault(plug: Plug, code: str, **more: Any) -> None:
    await plug.say("StatusNotification", {"connectorId": 1, "status": "Faulted", "errorCode": code, **more})


async def started(plug: Plug, evse: int = 1) -> int:
    begun = {"connectorId": evse, "idTag": "T", "meterStart": 0, "timestamp": iso(system_clock())}
    return int((await plug.say("StartTransaction", begun))["transactionId"])


@pytest.mark.parametrize(("code", "more"), [
    ("GroundFailure", {}), ("OverCurrentFailure", {}), ("PowerSwitchFailure", {}), ("EmergencyStop", {}),
    ("OtherError", {"vendorErrorCode": "CX026"}), ("OtherError", {"info": "contactor welded"}),
    ("OtherError", {"info": "shock sensor"}), ("InternalError", {"info": "smoke detected"}),
])
async def test_g1_a_fault_that_may_hurt_somebody_forbids_what_makes_the_plug_live(
    http: Http, code: str, more: dict[str, Any]
) -> None:
    plug = await at_station(http)
    await fault(plug, code, **more)
    for action, payload in (("Reset", SOFT), ("UnlockConnector", {"connectorId": 1}),
                            ("RemoteStartTransaction", {"idTag": "T", "connectorId": 1})):
        assert await refused(http, action, payload) == ["G1"]


async def test_g1_other_faults_forbid_nothing(http: Http) -> None:
    plug = await at_station(http, Reset=ACCEPTED)
    await fault(plug, "ReaderFailure")
    assert (await ask(http, "Reset", SOFT))["state"] == "accepted"


async def test_g2_nobody_is_reset_while_somebody_charges(http: Http) -> None:
    plug = await at_station(http)
    await started(plug, evse=2)
    assert await refused(http, "Reset", SOFT) == ["G2"]


async def test_g3_no_hard_reset_when_messages_may_still_wait_in_the_station(http: Http) -> None:
    plug = await at_station(http)
    await plug.close()
    while (await http("GET", "/stations/CS-1"))[1]["connected"]:
        pass
    await at_station(http, Reset=ACCEPTED)
    assert await refused(http, "Reset", HARD) == ["G3"]
    assert (await ask(http, "Reset", SOFT))["state"] == "accepted"


async def test_g4_no_reset_while_firmware_is_installed(http: Http) -> None:
    plug = await at_station(http, Reset=ACCEPTED)
    await plug.say("FirmwareStatusNotification", {"status": "Installing"})
    assert await refused(http, "Reset", SOFT) == ["G4"]
    await plug.say("FirmwareStatusNotification", {"status": "Installed"})
    assert (await ask(http, "Reset", SOFT))["state"] == "accepted"


async def test_g5_no_unlocking_before_the_transaction_has_ended(http: Http) -> None:
    plug = await at_station(http, UnlockConnector={"status": "Unlocked"})
    number = await started(plug)
    assert await refused(http, "UnlockConnector", {"connectorId": 1}) == ["G5"]
    ended = {"transactionId": number, "meterStop": 5, "timestamp": iso(system_clock())}
    await plug.say("StopTransaction", ended)
    assert (await ask(http, "UnlockConnector", {"connectorId": 1}))["state"] == "accepted"


async def test_g7_two_resets_an_hour_and_one_hard_one_a_day(http: Http) -> None:
    await at_station(http, Reset=ACCEPTED)
    await ask(http, "Reset", HARD)
    assert await refused(http, "Reset", HARD) == ["G7"]
    await ask(http, "Reset", SOFT)
    assert await refused(http, "Reset", SOFT) == ["G7"]


async def test_a_refused_reset_counts_for_nothing(http: Http) -> None:
    plug = await at_station(http, Reset={"status": "Rejected"})
    for _ in range(3):
        assert (await ask(http, "Reset", SOFT))["state"] == "rejected"
    assert len(plug.asked) == 3
