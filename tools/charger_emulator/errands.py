"""What takes the station a while: uploading its log, installing firmware."""

from __future__ import annotations

import asyncio
import ftplib
import io
import urllib.error
import urllib.request
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from .link import Payload
from .outbox import Message

if TYPE_CHECKING:
    from .machine import Machine

UPLOAD_TIMEOUT_S = 20.0
STEP_S = 3.0
"""Simulated time of each step of an installation."""


def put(url: str, body: bytes) -> bool:
    """HTTP PUT; false if the far side did not take it."""
    request = urllib.request.Request(url, data=body, method="PUT", headers={"Content-Type": "text/plain"})
    try:
        with urllib.request.urlopen(request, timeout=UPLOAD_TIMEOUT_S) as response:
            return 200 <= int(response.status) < 300
    except (OSError, urllib.error.URLError, ValueError):
        return False


def store(url: str, body: bytes) -> bool:
    """FTP STOR, as stations of old do it."""
    parts = urlsplit(url)
    try:
        with ftplib.FTP() as ftp:
            ftp.connect(parts.hostname or "", parts.port or 21, timeout=UPLOAD_TIMEOUT_S)
            ftp.login(unquote(parts.username or "anonymous"), unquote(parts.password or ""))
            ftp.storbinary(f"STOR {unquote(parts.path).lstrip('/')}", io.BytesIO(body))
    except (OSError, EOFError, ftplib.Error):
        return False
    return True


def log_name(station: Machine) -> str:
    """File name of the log upload, as answered to the request for it."""
    return f"{station.id}-{station.now():%Y%m%dT%H%M%SZ}.log"


async def upload_log(station: Machine, location: str, name: str, request_id: int | None) -> None:
    """Upload the station's text log and tell how it goes (1.6: 5.9 GetDiagnostics; 2.0.1: N01 GetLog).

    A location that ends in a slash is a folder and gets the file's name; any other is the file's own URL.
    """
    station.say(station.speech.log_status("Uploading", request_id))
    url = location + name if location.endswith("/") else location
    body = "\n".join(station.log).encode()
    bring = {"http": put, "https": put, "ftp": store}.get(urlsplit(location).scheme)
    done = bring is not None and await asyncio.to_thread(bring, url, body)
    station.say(station.speech.log_status("Uploaded" if done else "UploadFailure", request_id))


async def update_firmware(station: Machine, location: str, request_id: int | None, signed: bool = False) -> None:
    """Download, verify, install, boot with the new version (1.6: 4.5; 2.0.1: L01). Nothing is really downloaded."""
    for status in ("Downloading", "Downloaded"):
        station.say(station.speech.firmware_status(status, request_id))
        await station.clock.sleep(STEP_S)
    if signed:
        bad = "bad_signature" in station.quirks
        station.say(station.speech.firmware_status("InvalidSignature" if bad else "SignatureVerified", request_id))
        if bad:
            return
    if "firmware_fails" in station.quirks:
        station.say(station.speech.firmware_status("InstallationFailed", request_id))
        return
    while any(c.transaction for c in station.connectors.values()):
        await station.clock.sleep(STEP_S)
    station.say(station.speech.firmware_status("Installing", request_id))
    await station.clock.sleep(STEP_S)
    station.firmware = PurePosixPath(urlsplit(location).path).stem[:50] or station.firmware
    await station.reboot("FirmwareUpdate")
    station.say(station.speech.firmware_status("Installed", request_id))


async def publish_firmware(station: Machine, location: str, checksum: str, request_id: int) -> None:
    """Fetch firmware for the stations of the local network and offer it to them (2.0.1: L03)."""

    def tell(status: str, **more: Any) -> None:
        payload: Payload = {"status": status, "requestId": request_id} | more
        station.say(Message("PublishFirmwareStatusNotification", lambda: payload))

    for status in ("Downloading", "Downloaded", "ChecksumVerified"):
        tell(status)
        await station.clock.sleep(STEP_S)
    station.shelf.firmware[checksum] = location
    tell("Published", location=[f"http://{station.id.lower()}.local/{PurePosixPath(urlsplit(location).path).name}"])


def sign_certificate(station: Machine, kind: str = "ChargingStationCertificate") -> None:
    """Ask for a certificate for a fresh key (1.6 security: 5.16; 2.0.1: A02, A03)."""
    payload: Payload = {"csr": station.keys.request(station.settings.text("CpoName"))}
    if station.speech.version != "ocpp1.6":
        payload["certificateType"] = kind
    station.say(Message("SignCertificate", lambda: payload))
