"""Security profiles 0 to 3: who comes in by which door."""

from __future__ import annotations

import asyncio
import ssl

import pytest
from cryptography import x509
from websockets.exceptions import WebSocketException

from charger_emulator.pytest_plugin import Charger
from csms.gateway.door import Turned, way_in
from csms.gateway.tls import ClientCertificate
from tests.security.conftest import Make, Site
from tests.security.papers import Papers

PASSWORD = "a password of the station"
NO_ENTRY = (WebSocketException, OSError, EOFError)


@pytest.mark.parametrize("protocol", ["ocpp1.6", "ocpp2.0.1", "ocpp2.1"])
async def test_an_emulated_station_charges_by_each_profile(site: Site, charger: Charger, protocol: str) -> None:
    for profile, (url, options) in enumerate([
        (site.plain, {}),
        (site.plain, {"password": PASSWORD}),
        (site.secure, {"password": PASSWORD, "ssl": site.papers.trust()}),
        (site.secure, {"ssl": site.papers.trust(site.papers.pair("own", f"CS-{protocol}-3"))}),
    ]):
        id = f"CS-{protocol}-{profile}"
        await site.put(id, profile=profile, password=PASSWORD if profile in (1, 2) else None)
        station = await charger(url, id, protocol, **options)
        assert station.speaking
        await station.shutdown()
    assert await site.events() == []


async def test_a_wrong_or_missing_password_is_refused_and_noted(site: Site) -> None:
    await site.put("CS-1", profile=1, password=PASSWORD)
    assert await site.knock("CS-1") == 401
    assert await site.knock("CS-1", password="another") == 401
    assert await site.knock("CS-1", password="another", tls=site.papers.trust()) == 401
    await site.comes_in("CS-1", password=PASSWORD)
    [event] = [e for e in await site.centre.csms.security_events(station="CS-1") if e["type"] == "wrong_password"]
    assert (event["times"], event["address"], event["source"]) == (3, "127.0.0.1", "door")


async def test_a_profile_that_wants_a_password_lets_nobody_in_while_there_is_none(site: Site) -> None:
    await site.put("CS-1", profile=1)
    assert await site.knock("CS-1", password="anything") == 401


@pytest.mark.parametrize("profile", [2, 3])
async def test_a_station_that_must_use_tls_may_not_fall_back(site: Site, profile: int) -> None:
    await site.put("CS-1", profile=profile, password=PASSWORD)
    assert await site.knock("CS-1", password=PASSWORD) == 403
    assert await site.events("CS-1") == ["downgrade"]


async def test_profile_3_wants_a_certificate_and_no_password_stands_in_for_it(site: Site) -> None:
    await site.put("CS-1", profile=3, password=PASSWORD)
    assert await site.knock("CS-1", password=PASSWORD, tls=site.papers.trust()) == 403
    assert await site.events("CS-1") == ["no_certificate"]


async def test_a_certificate_is_good_for_the_station_it_names_only(site: Site) -> None:
    papers = site.papers
    await site.put("CS-1", profile=3)
    await site.put("CS-2", profile=2, password=PASSWORD)
    others = papers.trust(papers.pair("other", "CS-2"))
    assert await site.knock("CS-1", tls=others) == 403
    assert await site.knock("CS-2", tls=papers.trust(papers.pair("own", "CS-1")), password=PASSWORD) == 403
    assert await site.events("CS-1") == ["wrong_certificate"]
    [event] = await site.centre.csms.security_events(station="CS-1")
    assert event["info"] == "commonName=CS-2"
    await site.comes_in("CS-1", tls=papers.trust(papers.pair("own", "CS-1")))


async def test_a_certificate_may_name_its_station_among_its_other_names(site: Site) -> None:
    papers = site.papers
    long = "站 " + "x" * 100
    await site.put("CS-1", profile=3)
    await site.put(long, profile=3)
    await site.comes_in("CS-1", tls=papers.trust(papers.pair("a", "Acme 60", [x509.DNSName("CS-1")])))
    urn = "urn:ocpp:station:%E7%AB%99%20" + "x" * 100
    shown = papers.trust(papers.pair("b", None, [x509.UniformResourceIdentifier(urn)]))
    await site.comes_in(long, tls=shown)


async def test_certificates_of_strangers_and_expired_ones_end_the_handshake(site: Site, tmp_path) -> None:
    await site.put("CS-1", profile=3)
    strangers = Papers(tmp_path / "strangers", "Another authority")
    for shown in (strangers.pair("own", "CS-1"), site.papers.pair("old", "CS-1", days=-1)):
        with pytest.raises(NO_ENTRY):
            await site.knock("CS-1", tls=site.papers.trust(shown))
    assert site.centre.tls
    assert site.centre.tls.failures.certificate == 2


async def test_nothing_older_than_tls_1_2_is_spoken(site: Site) -> None:
    await site.put("CS-1", profile=2, password=PASSWORD)
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        context = site.papers.trust()
        context.minimum_version = context.maximum_version = version
        socket = await site.comes_in("CS-1", tls=context, password=PASSWORD)
        assert socket.transport.get_extra_info("ssl_object").version() == version.name.replace("_", ".")
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.load_verify_locations(site.papers.ca)
    old.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(NO_ENTRY):
        await site.knock("CS-1", tls=old, password=PASSWORD)


async def test_a_higher_profile_is_kept_once_reached_and_lowering_it_is_on_record(site: Site) -> None:
    await site.put("CS-1", profile=1, password=PASSWORD)
    await site.comes_in("CS-1", password=PASSWORD)
    assert await site.profile("CS-1") == 1
    await site.comes_in("CS-1", password=PASSWORD, tls=site.papers.trust())
    assert await site.profile("CS-1") == 2
    assert await site.knock("CS-1", password=PASSWORD) == 403
    await site.put("CS-1", profile=1)
    await site.comes_in("CS-1", password=PASSWORD)
    assert await site.events("CS-1") == ["profile_raised", "downgrade", "profile_lowered"]


async def test_a_station_that_nobody_has_asked_anything_of_is_not_locked_in(site: Site) -> None:
    await site.put("CS-1")
    await site.comes_in("CS-1", tls=site.papers.trust())
    await site.comes_in("CS-1")
    assert (await site.profile("CS-1"), await site.events("CS-1")) == (0, [])


async def test_renewed_certificates_serve_the_next_station_and_drop_none(site: Site) -> None:
    await site.put("CS-1", profile=2, password=PASSWORD)
    await site.put("CS-2", profile=2, password=PASSWORD)
    tls = site.centre.tls
    assert tls
    first = await site.comes_in("CS-1", tls=site.papers.trust(), password=PASSWORD)
    assert not await tls.reload_if_changed()
    site.papers.server()
    assert await tls.reload_if_changed()
    second = await site.comes_in("CS-2", tls=site.papers.trust(), password=PASSWORD)
    serials = [s.transport.get_extra_info("ssl_object").getpeercert()["serialNumber"] for s in (first, second)]
    assert serials[0] != serials[1]
    await first.send('[2,"1","Heartbeat",{}]')
    assert "currentTime" in str(await asyncio.wait_for(first.recv(), 40))


async def test_half_written_certificates_change_nothing(site: Site) -> None:
    await site.put("CS-1", profile=2, password=PASSWORD)
    tls = site.centre.tls
    assert tls
    tls.files.key.write_text("-----BEGIN PRIVATE KEY-----\n")
    assert not await tls.reload_if_changed()
    await site.comes_in("CS-1", tls=site.papers.trust(), password=PASSWORD)
    site.papers.server()
    assert await tls.reload_if_changed()


async def test_an_authority_that_is_no_longer_trusted_opens_nothing(site: Site) -> None:
    await site.put("CS-1", profile=3)
    own = site.papers.pair("own", "CS-1")
    await site.comes_in("CS-1", tls=site.papers.trust(own))
    tls = site.centre.tls
    assert tls
    trusted = site.papers.trust(own)
    assert tls.files.client_ca
    tls.files.client_ca.write_bytes(Papers(site.papers.folder / "new", "New").ca.read_bytes())
    assert await tls.reload_if_changed()
    with pytest.raises(NO_ENTRY):
        await site.knock("CS-1", tls=trusted)


async def test_what_is_changed_on_disk_is_seen_without_a_word(sites: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("csms.app.CERTIFICATES_EVERY_S", 0.05)
    site = await sites()
    assert site.centre.tls
    site.papers.server()
    async with asyncio.timeout(40):
        while not site.centre.tls.renewed:  # noqa: ASYNC110
            await asyncio.sleep(0.02)


@pytest.mark.parametrize(
    ("minimum", "secure", "names", "has_password", "way"),
    [
        (0, False, None, False, 0), (0, False, None, True, 1), (0, True, None, False, 0), (0, True, None, True, 2),
        (1, False, None, True, 1), (1, False, None, False, 1), (1, True, None, True, 2),
        (2, False, None, True, Turned.DOWNGRADE), (2, True, None, True, 2), (2, True, {"S"}, True, 3),
        (3, False, None, True, Turned.DOWNGRADE), (3, True, None, True, Turned.NO_CERTIFICATE),
        (3, True, {"S"}, False, 3), (3, True, {"s"}, True, Turned.WRONG_CERTIFICATE),
        (0, True, {"T"}, True, Turned.WRONG_CERTIFICATE), (1, True, {"S", "T"}, True, 3),
    ],
)
def test_the_way_in(
    minimum: int, secure: bool, names: set[str] | None, has_password: bool, way: int | Turned
) -> None:
    shown = ClientCertificate(frozenset(names), "01", "") if names is not None else None
    assert way_in(minimum, "S", secure=secure, certificate=shown, has_password=has_password) == way
