"""Certificates of our own: asked for, delivered, used, taken back."""

from __future__ import annotations

import asyncio
import base64
from pathlib import Path
from typing import Any

import orjson
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import NameOID
from websockets.asyncio.client import ClientConnection

from csms.app import TlsFiles
from csms.authority import Authority
from csms.errors import BadInput, Conflict, NotFound
from csms.kit.clock import system_clock
from csms.kit.db import Db
from tests.reliability.sockets import until
from tests.security.conftest import Make, Site
from tests.security.papers import Papers

PASSWORD = "a password of the station"
BOTH = pytest.mark.parametrize("protocol", ["ocpp1.6", "ocpp2.0.1"])


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority.init(tmp_path / "ca", "Ours", system_clock())


@pytest.fixture
async def site(sites: Make, authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """Believes certificates of our authority."""
    monkeypatch.setattr("csms.app.SIGNING_EVERY_S", 0.05)
    server = Papers(tmp_path / "papers").server("first")
    return await sites(
        authority=authority, tls=TlsFiles(server, server.with_suffix(".key"), tmp_path / "ca" / "ca.crt")
    )


def request(name: str | None, key: Any = None) -> tuple[str, Any]:
    key = key or ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)] if name else [])
    made = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    return made.public_bytes(serialization.Encoding.PEM).decode(), key


async def ask(socket: ClientConnection, action: str, payload: dict[str, Any]) -> Any:
    await socket.send(orjson.dumps([2, action, action, payload]).decode())
    while True:
        kind, id, *rest = orjson.loads(await asyncio.wait_for(socket.recv(), 40))
        if (kind, id) == (3, action):
            return rest[0]


async def given(socket: ClientConnection) -> dict[str, Any]:
    """What comes of it, which the station takes."""
    kind, id, action, payload = orjson.loads(await asyncio.wait_for(socket.recv(), 40))
    assert (kind, action) == (2, "CertificateSigned")
    await socket.send(orjson.dumps([3, id, {"status": "Accepted"}]).decode())
    return dict(payload)


def kept(folder: Path, chain: str, key: Any) -> Path:
    path = folder / "station.crt"
    path.write_text(chain)
    path.with_suffix(".key").write_bytes(key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ))
    return path


async def trusted(site: Site, tmp_path: Path, own: Path) -> Any:
    papers = Papers(tmp_path / "served")
    server = papers.server()
    assert site.centre.tls
    files = site.centre.tls.files
    files.certificate.write_bytes(server.read_bytes())
    files.key.write_bytes(server.with_suffix(".key").read_bytes())
    assert await site.centre.tls.reload()
    return papers.trust(own)


@BOTH
async def test_a_station_moves_up_to_a_certificate_of_ours_until_it_is_taken_back(
    site: Site, db: Db, protocol: str, tmp_path: Path
) -> None:
    await site.put("CS-1", profile=1, password=PASSWORD)
    socket = await site.comes_in("CS-1", password=PASSWORD, protocol=protocol)
    csr, key = request("CS-1")
    assert await ask(socket, "SignCertificate", {"csr": csr}) == {"status": "Accepted"}
    chain = (await given(socket))["certificateChain"]
    own = await trusted(site, tmp_path, kept(tmp_path, chain, key))
    await site.comes_in("CS-1", tls=own, protocol=protocol)
    assert await site.profile("CS-1") == 3
    assert await site.knock("CS-1", password=PASSWORD) == 403
    await until(lambda: db.fetchval("select state = 'signed' from certificate_requests"))
    [issued] = await site.centre.issuer.issued(station="CS-1")
    await site.centre.issuer.revoke(issued["serial"], "test")
    assert await site.knock("CS-1", tls=own) == 403
    assert await site.events("CS-1") == ["profile_raised", "downgrade", "certificate_revoked", "wrong_certificate"]
    with pytest.raises(NotFound):
        await site.centre.issuer.revoke("1234", "test")


async def test_a_request_in_another_s_name_is_refused(site: Site, db: Db) -> None:
    await site.put("CS-1", profile=1, password=PASSWORD)
    socket = await site.comes_in("CS-1", password=PASSWORD)
    await ask(socket, "SignCertificate", {"csr": request("CS-2")[0]})
    await until(lambda: db.fetchval("select state = 'refused' from certificate_requests"))
    assert await site.events("CS-1") == ["wrong_request"]
    assert await site.centre.issuer.issued() == []


async def test_a_station_that_proves_nothing_waits_for_a_person(site: Site, db: Db) -> None:
    await site.put("CS-1", profile=0)
    socket = await site.comes_in("CS-1", protocol="ocpp2.0.1")
    await ask(socket, "SignCertificate", {"csr": request("CS-1")[0], "certificateType": "ChargingStationCertificate"})
    await site.centre.issuer.round()
    [waiting] = await site.centre.csms.controls.certificate_requests(station="CS-1", state="open")
    await site.centre.issuer.sign(str(waiting["id"]), "supervisor:li")
    assert (await given(socket))["certificateType"] == "ChargingStationCertificate"
    with pytest.raises(Conflict):
        await site.centre.issuer.sign(str(waiting["id"]), "supervisor:li")


async def test_without_an_authority_nothing_is_signed(sites: Make) -> None:
    site = await sites()
    await site.put("CS-1", profile=1, password=PASSWORD)
    socket = await site.comes_in("CS-1", password=PASSWORD)
    assert await ask(socket, "SignCertificate", {"csr": request("CS-1")[0]}) == {"status": "Rejected"}


def asked_about(certificate: x509.Certificate, issuer: x509.Certificate) -> dict[str, Any]:
    built = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, hashes.SHA256()).build()
    return {"ocspRequestData": {
        "hashAlgorithm": "SHA256", "issuerNameHash": built.issuer_name_hash.hex(),
        "issuerKeyHash": built.issuer_key_hash.hex(), "serialNumber": f"{built.serial_number:x}",
        "responderURL": "http://csms.test/ocsp",
    }}


async def test_the_status_of_a_certificate_is_told_where_it_is_known(
    site: Site, authority: Authority, db: Db, tmp_path: Path
) -> None:
    await site.put("CS-1")
    socket = await site.comes_in("CS-1", protocol="ocpp2.0.1")
    issued, _ = authority.issue("CS-9", system_clock())
    certificate = x509.load_pem_x509_certificate(issued.pem.encode())
    question = asked_about(certificate, authority.certificate)
    assert await ask(socket, "GetCertificateStatus", question) == {"status": "Failed"}
    await db.execute(
        "insert into issued_certificates values ($1, 'CS-9', 'V2G', now(), now(), now(), 't', null, null, $2)",
        issued.serial, issued.pem,
    )
    found = []
    for _ in range(2):
        told = await ask(socket, "GetCertificateStatus", question)
        assert told["status"] == "Accepted"
        response = ocsp.load_der_ocsp_response(base64.b64decode(told["ocspResult"]))
        authority.certificate.public_key().verify(  # type: ignore[union-attr,call-arg]
            response.signature, response.tbs_response_bytes, ec.ECDSA(hashes.SHA256())  # type: ignore[arg-type]
        )
        assert response.serial_number == certificate.serial_number
        found.append(response.certificate_status)
        await site.centre.issuer.revoke(issued.serial, "test")
    assert found == [ocsp.OCSPCertStatus.GOOD, ocsp.OCSPCertStatus.REVOKED]
    other = Papers(tmp_path / "other")
    theirs = x509.load_pem_x509_certificate(other.pair("a", "CS-9").read_bytes())
    root = x509.load_pem_x509_certificate(other.ca.read_bytes())
    assert await ask(socket, "GetCertificateStatus", asked_about(theirs, root)) == {"status": "Failed"}


def test_what_is_no_sound_request_is_told_so(authority: Authority) -> None:
    now = system_clock()
    weak = request("S", rsa.generate_private_key(65537, 1024))[0]
    sound = request("S")[0]
    broken = base64.b64decode("".join(sound.splitlines()[1:-1]))
    broken = base64.b64encode(broken[:-1] + bytes([broken[-1] ^ 1])).decode()
    for csr in (weak, broken, "nothing", "", "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n", "AAAA", "\x00" * 100):
        with pytest.raises(BadInput):
            authority.sign(csr, "S", now)
    bare = "".join(sound.splitlines()[1:-1])
    for csr in (sound, bare, sound.replace("\n", "\\n"), request(None)[0], request("SN-7")[0]):
        made = x509.load_pem_x509_certificate(authority.sign(csr, "S", now, serial="SN-7").pem.encode())
        assert made.subject.rfc4514_string() == "CN=S"
        made.verify_directly_issued_by(authority.certificate)


def test_an_authority_is_never_overwritten(tmp_path: Path) -> None:
    made = Authority.init(tmp_path, "Ours", system_clock())
    with pytest.raises(Conflict):
        Authority.init(tmp_path, "Another", system_clock())
    assert Authority.load(tmp_path).certificate == made.certificate
    assert (tmp_path / "ca.key").stat().st_mode & 0o077 == 0
    (tmp_path / "ca.key").unlink()
    with pytest.raises(BadInput):
        Authority.load(tmp_path)


def test_stations_of_any_name_get_a_certificate(authority: Authority) -> None:
    for name in ("CS-1", "站 1/左", "x" * 255):
        issued, _ = authority.issue(name, system_clock())
        assert x509.load_pem_x509_certificate(issued.pem.encode()).version is x509.Version.v3
