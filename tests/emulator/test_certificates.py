"""Certificates from the station's side: real requests, signed by whoever the test is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

ACCEPTED = {"status": "Accepted"}
SPRING = datetime(2026, 3, 1, tzinfo=UTC)


def name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def signed(subject, key, issuer="Root", by=None):
    made = x509.CertificateBuilder().subject_name(subject).issuer_name(name(issuer)).public_key(key)
    made = made.serial_number(4711).not_valid_before(SPRING).not_valid_after(SPRING + timedelta(days=365))
    pem = made.sign(by or ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    return pem.public_bytes(serialization.Encoding.PEM).decode()


def root():
    key = ec.generate_private_key(ec.SECP256R1())
    return signed(name("Root"), key.public_key(), by=key)


@pytest.mark.parametrize("protocol", ["ocpp1.6", "ocpp2.0.1", "ocpp2.1"])
async def test_a_request_is_signed_and_taken_another_certificate_is_not(central, station, protocol):
    cs = await station(protocol)
    old = protocol == "ocpp1.6"
    wanted = "SignChargePointCertificate" if old else "SignChargingStationCertificate"
    action = "ExtendedTriggerMessage" if old else "TriggerMessage"
    assert await central.ask(action, {"requestedMessage": wanted}) == ACCEPTED
    await cs.drained()
    request = x509.load_pem_x509_csr(central.said("SignCertificate")[0]["csr"].encode())
    assert request.is_signature_valid
    assert request.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == "CS-1"
    chain = signed(request.subject, request.public_key())
    assert await central.ask("CertificateSigned", {"certificateChain": chain}) == ACCEPTED
    assert cs.keys.chain["ChargingStationCertificate"] == chain
    assert cs.keys.private_pem
    stranger = root()
    assert await central.ask("CertificateSigned", {"certificateChain": stranger}) == {"status": "Rejected"}
    await cs.drained()
    assert central.said("SecurityEventNotification")


@pytest.mark.parametrize("protocol", ["ocpp1.6", "ocpp2.0.1"])
async def test_roots_are_installed_listed_and_deleted(central, station, protocol):
    await station(protocol)
    old = protocol == "ocpp1.6"
    kind = "CentralSystemRootCertificate" if old else "CSMSRootCertificate"
    assert await central.ask("InstallCertificate", {"certificateType": kind, "certificate": root()}) == ACCEPTED
    wrong = {"certificateType": kind, "certificate": "no certificate"}
    assert await central.ask("InstallCertificate", wrong) == {"status": "Rejected"}
    listed = await central.ask("GetInstalledCertificateIds", {"certificateType": kind if old else [kind]})
    (found,) = listed["certificateHashData" if old else "certificateHashDataChain"]
    data = found if old else found["certificateHashData"]
    assert data["serialNumber"] == f"{4711:x}"
    assert await central.ask("DeleteCertificate", {"certificateHashData": data}) == ACCEPTED
    assert await central.ask("DeleteCertificate", {"certificateHashData": data}) == {"status": "NotFound"}


@pytest.mark.parametrize("quirks", [[], ["bad_signature"]])
async def test_signed_firmware_is_verified_first(central, station, quirks):
    cs = await station("ocpp1.6", quirks=quirks)
    firmware = {"location": "http://example.org/fw/9.bin", "retrieveDateTime": "2026-03-01T00:00:00Z",
                "signingCertificate": root(), "signature": "c2ln"}
    assert await central.ask("SignedUpdateFirmware", {"requestId": 3, "firmware": firmware}) == ACCEPTED
    last = "InvalidSignature" if quirks else "Installed"
    told = "SignedFirmwareStatusNotification"
    await cs.wait_for(lambda s: [p["status"] for p in s.sent(told)][-1:] == [last])
    assert ("SignatureVerified" in {p["status"] for p in cs.sent(told)}) is (not quirks)
