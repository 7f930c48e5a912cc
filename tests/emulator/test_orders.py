"""What the central system may ask, beyond starting, stopping and resetting."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from tests.emulator.test_sessions import NEW


def later(minutes: float) -> str:
    return (datetime.now(UTC) + timedelta(minutes=minutes)).isoformat(timespec="seconds").replace("+00:00", "Z")


@pytest.fixture
def upload():
    """An HTTP server that takes one PUT a path and remembers it."""
    taken: dict[str, bytes] = {}

    class Taker(BaseHTTPRequestHandler):
        def do_PUT(self):
            taken[self.path] = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(201 if "refuse" not in self.path else 403)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Taker)
    Thread(target=server.serve_forever, daemon=True).start()
    taken["url"] = f"http://127.0.0.1:{server.server_port}"
    yield taken
    server.shutdown()
    server.server_close()


async def test_the_log_is_uploaded_and_told(central, station, version, upload):
    cs = await station(version)
    if version in NEW:
        log = {"remoteLocation": f"{upload['url']}/once/abc"}
        answer = await central.ask("GetLog", {"log": log, "logType": "DiagnosticsLog", "requestId": 3})
        assert answer["status"] == "Accepted"
    else:
        answer = await central.ask("GetDiagnostics", {"location": f"{upload['url']}/once/abc"})
        assert answer["fileName"].startswith("CS-1")
    told = "LogStatusNotification" if version in NEW else "DiagnosticsStatusNotification"
    await cs.wait_for(lambda s: len(s.sent(told)) == 2)
    await cs.drained()
    assert [p["status"] for p in central.said(told)] == ["Uploading", "Uploaded"]
    assert b"power up" in upload["/once/abc"]
    assert b"said BootNotification" in upload["/once/abc"]


async def test_an_upload_that_is_refused_is_told_as_failed(central, station, version, upload):
    cs = await station(version)
    if version in NEW:
        log = {"remoteLocation": f"{upload['url']}/refuse"}
        await central.ask("GetLog", {"log": log, "logType": "DiagnosticsLog", "requestId": 3})
    else:
        await central.ask("GetDiagnostics", {"location": f"{upload['url']}/refuse"})
    told = "LogStatusNotification" if version in NEW else "DiagnosticsStatusNotification"
    await cs.wait_for(lambda s: len(s.sent(told)) == 2)
    await cs.drained()
    assert central.said(told)[-1]["status"] == ("UploadFailure" if version in NEW else "UploadFailed")


async def test_settings_are_read_and_changed_in_1_6(central, station):
    cs = await station()
    change = {"key": "MeterValueSampleInterval", "value": "15"}
    assert await central.ask("ChangeConfiguration", change) == {"status": "Accepted"}
    assert cs.settings.number("MeterValueSampleInterval") == 15
    assert await central.ask("ChangeConfiguration", change | {"value": "often"}) == {"status": "Rejected"}
    assert await central.ask("ChangeConfiguration", {"key": "Nonsense", "value": "1"}) == {"status": "NotSupported"}
    read = await central.ask("GetConfiguration", {"key": ["MeterValueSampleInterval", "Nonsense"]})
    assert read["configurationKey"][0]["value"] == "15"
    assert read["unknownKey"] == ["Nonsense"]
    assert len((await central.ask("GetConfiguration", {}))["configurationKey"]) > 20


async def test_variables_are_read_changed_and_reported_in_2_0_1(central, station):
    cs = await station("ocpp2.0.1")
    name = {"component": {"name": "SampledDataCtrlr"}, "variable": {"name": "TxUpdatedInterval"}}
    told = await central.ask("SetVariables", {"setVariableData": [name | {"attributeValue": "15"}]})
    assert told["setVariableResult"][0]["attributeStatus"] == "Accepted"
    assert cs.settings.number("MeterValueSampleInterval") == 15
    unknown = [
        {"component": {"name": "SampledDataCtrlr"}, "variable": {"name": "Nonsense"}},
        {"component": {"name": "Nonsense"}, "variable": {"name": "Nonsense"}},
    ]
    read = await central.ask("GetVariables", {"getVariableData": [name, *unknown]})
    statuses = [r["attributeStatus"] for r in read["getVariableResult"]]
    assert statuses == ["Accepted", "UnknownVariable", "UnknownComponent"]
    assert await central.ask("GetBaseReport", {"requestId": 4, "reportBase": "FullInventory"}) == {"status": "Accepted"}
    await cs.drained()
    [report] = central.said("NotifyReport")
    assert report["requestId"] == 4
    assert len(report["reportData"]) > 20


async def test_availability_changes_at_once_or_after_the_session(central, station, version):
    cs = await station(version, connectors=[60, 60])

    def availability(evse, operative):
        if version in NEW:
            return {"evse": {"id": evse}, "operationalStatus": "Operative" if operative else "Inoperative"}
        return {"connectorId": evse, "type": "Operative" if operative else "Inoperative"}

    assert await central.ask("ChangeAvailability", availability(2, False)) == {"status": "Accepted"}
    assert cs.connectors[2].status == "Unavailable"
    await cs.plug_in(1)
    await cs.start_locally(1)
    assert await central.ask("ChangeAvailability", availability(1, False)) == {"status": "Scheduled"}
    assert cs.connectors[1].status == "Charging"
    await cs.stop(1)
    assert cs.connectors[1].status == "Unavailable"
    assert await central.ask("ChangeAvailability", availability(2, True)) == {"status": "Accepted"}
    await cs.drained()
    assert cs.connectors[2].said == "Available"


async def test_a_reserved_connector_is_for_its_token(central, station, version):
    cs = await station(version)
    if version in NEW:
        mine = {"idToken": "MINE", "type": "ISO14443"}
        ask = {"id": 9, "expiryDateTime": later(50), "idToken": mine, "evseId": 1}
    else:
        ask = {"reservationId": 9, "expiryDate": later(50), "idTag": "MINE", "connectorId": 1}
    assert await central.ask("ReserveNow", ask) == {"status": "Accepted"}
    assert cs.connectors[1].status == "Reserved"
    await cs.plug_in(1)
    await cs.present_token(1, "OTHER")
    assert not cs.transactions
    await cs.present_token(1, "MINE")
    await cs.drained()
    start = central.said("StartTransaction", "TransactionEvent")[0]
    assert start["reservationId"] == 9


async def test_a_reservation_is_cancelled_or_lapses(central, station):
    cs = await station("ocpp2.0.1")
    token = {"idToken": "MINE", "type": "ISO14443"}
    ask = {"id": 9, "expiryDateTime": later(50), "idToken": token}
    await central.ask("ReserveNow", ask)
    assert await central.ask("CancelReservation", {"reservationId": 9}) == {"status": "Accepted"}
    assert await central.ask("CancelReservation", {"reservationId": 9}) == {"status": "Rejected"}
    await central.ask("ReserveNow", ask | {"expiryDateTime": later(0.5)})
    await cs.wait_for("Available")
    await cs.drained()
    assert central.said("ReservationStatusUpdate") == [{"reservationId": 9, "reservationUpdateStatus": "Expired"}]


async def test_a_local_list_decides_offline(central, station, version):
    cs = await station(version, settings={"AllowOfflineTxForUnknownId": "false"})
    if version in NEW:
        entry = {"idToken": {"idToken": "KNOWN", "type": "ISO14443"}, "idTokenInfo": {"status": "Accepted"}}
        ask = {"versionNumber": 5, "updateType": "Full", "localAuthorizationList": [entry]}
        version_of = {"versionNumber": 5}
    else:
        entry = {"idTag": "KNOWN", "idTagInfo": {"status": "Accepted"}}
        ask = {"listVersion": 5, "updateType": "Full", "localAuthorizationList": [entry]}
        version_of = {"listVersion": 5}
    assert await central.ask("SendLocalList", ask) == {"status": "Accepted"}
    assert await central.ask("GetLocalListVersion", {}) == version_of
    assert await central.ask("SendLocalList", ask | {"updateType": "Differential"}) == {"status": "VersionMismatch"}
    await cs.go_offline()
    await cs.plug_in(1)
    assert await cs.present_token(1, "STRANGER") == "Invalid"
    assert await cs.present_token(1, "KNOWN") == "Accepted"
    await cs.go_online(wait=True)


@pytest.mark.parametrize("message", ["BootNotification", "Heartbeat", "StatusNotification", "MeterValues"])
async def test_messages_are_triggered(central, station, version, message):
    cs = await station(version)
    before = central.actions.count(message)
    assert await central.ask("TriggerMessage", {"requestedMessage": message}) == {"status": "Accepted"}
    await cs.drained()
    assert central.actions.count(message) > before


async def test_what_it_cannot_do_it_says(central, station, version):
    await station(version)
    unsupported = "SignCombinedCertificate" if version in NEW else None
    if unsupported:
        answer = await central.ask("TriggerMessage", {"requestedMessage": unsupported})
        assert answer == {"status": "NotImplemented"}
    assert await central.ask("CustomOperation", {}) == "NotImplemented"
    wrong = "FormatViolation" if version in NEW else "FormationViolation"
    assert await central.ask("Reset", {"kind": 3}) == wrong


async def test_firmware_is_installed_with_a_boot_in_between(central, station, version):
    cs = await station(version)
    where = "http://example.org/fw/2.0.7.bin"
    if version in NEW:
        firmware = {"location": where, "retrieveDateTime": later(0)}
        assert await central.ask("UpdateFirmware", {"requestId": 6, "firmware": firmware}) == {"status": "Accepted"}
    else:
        assert await central.ask("UpdateFirmware", {"location": where, "retrieveDate": later(0)}) == {}
    await cs.wait_for(lambda s: len(s.sent("FirmwareStatusNotification")) == 4)
    await cs.drained()
    statuses = [p["status"] for p in central.said("FirmwareStatusNotification")]
    assert statuses == ["Downloading", "Downloaded", "Installing", "Installed"]
    boot = central.said("BootNotification")[-1]
    about = boot.get("chargingStation", boot)
    assert about["firmwareVersion"] == "2.0.7"


async def test_a_composite_schedule_knows_the_limits(central, station, version):
    cs = await station(version)
    ask = {"duration": 600} | ({"evseId": 1} if version in NEW else {"connectorId": 1})
    answer = await central.ask("GetCompositeSchedule", ask)
    schedule = answer["schedule" if version in NEW else "chargingSchedule"]
    assert schedule["chargingSchedulePeriod"] == [{"startPeriod": 0, "limit": cs.connectors[1].outlet.rated_w}]


async def test_the_transaction_status_tells_of_the_queue(central, station):
    cs = await station("ocpp2.0.1")
    await cs.plug_in(1)
    tx = await cs.start_locally(1)
    await cs.drained()
    answer = await central.ask("GetTransactionStatus", {"transactionId": tx.reference})
    assert answer == {"ongoingIndicator": True, "messagesInQueue": False}
    central.hold = asyncio.Event()
    await cs.stop(1)
    assert await central.ask("GetTransactionStatus", {}) == {"messagesInQueue": True}
    central.hold.set()
    await cs.drained()


async def test_clock_aligned_values_come_without_a_transaction(central, station, version):
    cs = await station(version, settings={"ClockAlignedDataInterval": "10"})
    await cs.wait_for(lambda s: len(s.sent("MeterValues")) >= 2)
    await cs.drained()
    for value in central.said("MeterValues"):
        at = datetime.fromisoformat(value["meterValue"][0]["timestamp"])
        assert at.timestamp() % 10 < 2
