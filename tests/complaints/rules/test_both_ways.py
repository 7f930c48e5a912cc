"""Every finding holds where it should, and does not where a look-alike stands."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from complaints.rules.every import rules
from tests.complaints.stories import HERS, HIS, Tale, session

Teller = Callable[[], Tale]


def hot(tale: Tale, minutes: float = -70, kind: str = "temperature", **more: object) -> Tale:
    return tale.fault(minutes, kind, **more)  # type: ignore[arg-type]


def offered(watts: float, taken: float, *, soc: float | None = None) -> Tale:
    tale = Tale().plugged(-91).start(-90).status(-89.9, "Charging")
    tale.charges(-85, -65, watts=taken, offered=watts, soc=soc)
    return tale.stop(-60, wh=1000 + taken / 2, token=HIS)


def taper() -> Tale:
    tale = Tale().plugged(-91).start(-90)
    wh = 1000.0
    for minute, (watts, soc) in enumerate([(50_000, 76), (40_000, 84), (28_000, 88), (18_000, 92), (9_000, 96)]):
        wh += watts / 12
        tale.reads(-85 + 5 * minute, wh, watts=watts, soc=soc)
    return tale.stop(-60, wh=wh, token=HIS)


def limited(*, state: str = "accepted", evse: int = 1, watts: float = 20_000) -> Tale:
    schedule = {"chargingRateUnit": "W", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": watts}]}
    payload = {"connectorId": evse, "csChargingProfiles": {"chargingSchedule": schedule}}
    return offered(20_000, 19_500).asks(-100, "other", action="SetChargingProfile", payload=payload, state=state,
                                        by="load", evse=evse)


def gapped(seqs: list[int]) -> Tale:
    tale = session(v2=True)
    for place, seq in enumerate(seqs):
        tale.step(-89 + place, seq)
    return tale


def swapped(*, named_gives: bool = False) -> Tale:
    tale = Tale().plugged(-91).asks(-90.5, "start", evse=1).start(-90, evse=2)
    tale.charges(-85, -65, evse=2).stop(-60, wh=16_000)
    if named_gives:
        tale.reads(-85, 5_000, number=None, evse=1).reads(-65, 9_000, number=None, evse=1)
    return tale


def tries(*tokens: str, plugged: bool = True) -> Tale:
    """Starts accepted on plug 1 that nothing came of, two hours apart, the last at -80."""
    tale = Tale().status(-1000, "Available")
    first = -80 - 120 * (len(tokens) - 1)
    for place, token in enumerate(tokens):
        minutes = first + 120 * place
        if plugged:
            tale.plugged(minutes - 1)
        tale.asks(minutes, "start", token=token).status(minutes + 5, "Available")
    return tale


def followed(*, meter: float = 16_000) -> Tale:
    """A session of hers before his."""
    tale = Tale().start(-200, wh=500, token=HERS, number=5).stop(-150, wh=1000, number=5)
    return tale.start(-90, wh=meter).stop(-60, wh=meter + 9000)


def others(count: int, *, wh: float = 9000.0, reason: str = "Local") -> Tale:
    tale = session()
    for n in range(count):
        tale.start(-600 + 60 * n, wh=0, token=f"C{n}", number=10 + n)
        tale.stop(-570 + 60 * n, wh=wh, reason=reason, number=10 + n)
    return tale


def left_running(*, still: bool = False) -> Tale:
    tale = Tale().plugged(-91).start(-90).charges(-85, -65).status(-60, "Available").never_stopped()
    return tale.reads(-50, 30_000, watts=20_000) if still else tale


def refused(status: str, *, before: str | None = None) -> Tale:
    tale = Tale().status(-1000, "Available").plugged(-82)
    if before:
        tale.card(-400, status=before).start(-399, number=9).stop(-390, wh=2000, number=9)
    return tale.card(-80, status=status)


BOTH: list[tuple[str, str, Teller, Teller]] = [
    ("energy.none", "charged_no_energy", lambda: session(watts=0), session),
    ("energy.delivered", "slow", session, lambda: session(watts=500)),
    ("energy.delivered", "slow", session, lambda: session().reads(-70, 60_000)),
    ("energy.little", "slow", lambda: session(watts=500), session),
    ("energy.regressed", "slow", lambda: session().reads(-71, 900), lambda: session().reads(-75, 8495)),
    ("energy.jump", "slow", lambda: session().reads(-71, 60_000), session),
    ("energy.gap_between", "slow", followed, lambda: followed(meter=1050)),
    ("energy.after_stop", "cannot_stop", lambda: session().asks(-75, "stop", said="1"),
     lambda: session().asks(-60.1, "stop", said="1")),
    ("energy.after_stop", "cannot_stop", lambda: Tale().start(-90).stop(-60, wh=9000).reads(-55, 9500),
     lambda: Tale().start(-90).stop(-60, wh=9000).reads(-55, 9020)),
    ("power.limited_by_vehicle", "slow", lambda: offered(60_000, 30_000), lambda: offered(60_000, 55_000)),
    ("power.limited_by_vehicle", "slow", taper, lambda: offered(60_000, 55_000, soc=90)),
    ("power.limited_by_station", "slow", lambda: offered(20_000, 19_500), lambda: offered(60_000, 20_000)),
    ("power.limited_by_station", "slow", lambda: offered(20_000, 19_500), limited),
    ("power.limited_by_profile", "slow", limited, lambda: limited(state="rejected")),
    ("power.limited_by_profile", "slow", limited, lambda: limited(evse=2)),
    ("power.limited_by_profile", "slow", limited, lambda: limited(watts=60_000)),
    ("stop.by_customer", "stopped_early", session, lambda: session(reason="EVDisconnected", card=False)),
    ("stop.by_customer", "stopped_early", session, lambda: session(card=False, reason="Remote").asks(
        -60.1, "stop", said="1", by="agent:li")),
    ("stop.by_staff", "stopped_early", lambda: session(card=False, reason="SoftReset").asks(
        -60.2, "reset", by="agent:li", evse=None), lambda: session().asks(-60.2, "reset", by="agent:li", evse=None)),
    ("stop.by_staff", "stopped_early", lambda: session(card=False, reason="UnlockCommand").asks(
        -60.2, "unlock", by="agent:li"), lambda: session(card=False).asks(-40, "unlock", by="agent:li")),
    ("stop.by_vehicle", "stopped_early", lambda: session(v2=True, reason="StoppedByEV"), lambda: session(v2=True)),
    ("stop.by_vehicle", "stopped_early", lambda: session(card=False).status(-62, "SuspendedEV"),
     lambda: session(card=False).status(-62, "SuspendedEV").status(-61, "Charging")),
    ("stop.by_limit", "stopped_early", lambda: session(v2=True, reason="TimeLimitReached"), session),
    ("stop.cable_removed", "stopped_early", lambda: session(reason="EVDisconnected"), session),
    ("stop.by_fault", "stopped_early", lambda: hot(session(reason="Other"), -60.5, "internal"),
     lambda: hot(session(reason="Other"), -70, "internal")),
    ("stop.by_fault", "stopped_early", lambda: session(v2=True, reason="GroundFault"),
     lambda: hot(session(reason="Local"), -60.5, "internal", warning=True)),
    ("stop.by_fault", "stopped_early", lambda: hot(session(reason="Other"), -60.5, "internal", evse=0),
     lambda: hot(session(reason="Other"), -60.5, "internal", evse=2)),
    ("stop.emergency", "stopped_early", lambda: session(reason="EmergencyStop"), session),
    ("stop.power_loss", "stopped_early", lambda: session(reason="PowerLoss"), session),
    ("stop.power_loss", "stopped_early", lambda: session(reason="Other").drops(-60, -20).neighbour_drops(-60.2),
     lambda: session(reason="Other").drops(-60, -20)),
    ("stop.power_loss", "stopped_early", lambda: session(reason="Other").drops(-60, -20).neighbour_drops(-60.2),
     lambda: session().drops(-80, -79).neighbour_drops(-80.1)),
    ("stop.reboot", "stopped_early", lambda: session(card=False, reason="Reboot"), session),
    ("stop.reboot", "stopped_early", lambda: session(card=False, reason="Other").boots(-60.5, "Watchdog"),
     lambda: session(card=False, reason="Other").asks(-61, "reset", by="agent:li", evse=None).boots(-60.5)),
    ("stop.deauthorized", "stopped_early", lambda: session(reason="DeAuthorized"), session),
    ("stop.missing", "idle_fee", left_running, session),
    ("stop.missing", "idle_fee", left_running, lambda: left_running(still=True)),
    ("start.no_transaction", "cannot_start", lambda: tries(HIS), session),
    ("start.no_transaction", "cannot_start", lambda: Tale().plugged(-81).card(-80),
     lambda: session().card(-75)),
    ("start.refused_by_station", "cannot_start", lambda: Tale().asks(-80, "start", state="rejected"),
     lambda: tries(HIS)),
    ("start.station_offline", "cannot_start", lambda: Tale().drops(-100, -50).asks(-80, "start", state="offline"),
     lambda: tries(HIS)),
    ("start.station_faulted", "cannot_start", lambda: Tale().status(-300, "Faulted"),
     lambda: Tale().status(-300, "Faulted").status(-200, "Available")),
    ("start.token_refused", "cannot_start", lambda: refused("Blocked"), lambda: refused("Accepted")),
    ("start.customer_timeout", "cannot_start", lambda: tries(HIS, plugged=False), lambda: tries(HIS)),
    ("start.customer_timeout", "cannot_start", lambda: Tale(v2=True).status(-300, "Available").start(-80).stop(
        -77, wh=1000, reason="Timeout"), lambda: Tale(v2=True).plugged(-81).start(-80).stop(
        -77, wh=1000, reason="Timeout")),
    ("start.other_connector", "cannot_start", lambda: Tale().start(-80, evse=2).stop(-70, wh=1000), session),
    ("fault.around", "slow", lambda: hot(session(), -40), lambda: hot(session(), -20)),
    ("fault.around", "slow", lambda: hot(session(), -200), lambda: hot(session(), -200, cleared=-130)),
    ("fault.during", "slow", lambda: hot(session(), -70), lambda: hot(session(), -40)),
    ("fault.during", "slow", lambda: hot(session(), -70, evse=0), lambda: hot(session(), -70, evse=2)),
    *((f"fault.{kind}", "slow", lambda kind=kind: hot(session(), -70, kind), session) for kind in (
        "lock", "ground", "temperature", "meter", "reader", "vehicle_communication", "emergency", "overcurrent",
        "voltage", "internal", "other")),
    ("fault.none_reported", "slow", session, lambda: hot(session(), -70)),
    ("fault.none_reported", "slow", session, lambda: session().drops(-75, -74)),
    ("connection.lost_during", "slow", lambda: session().drops(-75, -74), lambda: session().drops(-40, -30)),
    ("connection.offline_then", "cannot_start", lambda: Tale().drops(-100, -50), Tale),
    ("records.silent", "cannot_start", Tale, lambda: Tale().status(-70, "Available")),
    ("records.silent", "cannot_start", Tale, lambda: Tale().drops(-100, -50)),
    ("records.gap", "slow", lambda: gapped([0, 1, 2, 5]), lambda: gapped([0, 1, 2, 3])),
    ("records.gap", "slow", lambda: Tale().start(-300).charges(-295, -275).charges(-240, -220, wh=20_000).stop(
        -210, wh=40_000), lambda: gapped([0, 0, 0])),
    ("records.replayed", "slow", lambda: Tale().drops(-100, -30).start(-90, came=-29).stop(-60, wh=9000, came=-29),
     session),
    ("clock.offset", "wrong_tariff", lambda: Tale().slow_clock(30).plugged(-91).start(-90).charges(-85, -65).stop(
        -60, wh=16_000), session),
    ("clock.offset", "wrong_tariff", lambda: Tale().slow_clock(-30).plugged(-91).start(-90).charges(-85, -65).stop(
        -60, wh=16_000), lambda: Tale().drops(-100, -30).start(-90, came=-29).charges(-85, -65, came=-29).stop(
        -60, wh=16_000, came=-29)),
    ("vehicle.suspended", "slow", lambda: session().status(-85, "SuspendedEV"),
     lambda: session().status(-70, "SuspendedEV")),
    ("station.suspended", "slow", lambda: session().status(-85, "SuspendedEVSE"),
     lambda: session().status(-70, "SuspendedEVSE")),
    ("vehicle.other_in_session", "not_my_session",
     lambda: session().status(-80, "Available").status(-75, "Preparing"), lambda: session().status(-80, "SuspendedEV")),
    ("vehicle.other_in_session", "not_my_session",
     lambda: session(v2=True).step(-80, 3, trigger="EVDeparted").step(-75, 4, trigger="EVDetected"),
     lambda: session(v2=True).step(-80, 3, trigger="EVDeparted")),
    ("token.two_places", "not_my_session", lambda: session().elsewhere(-85, -65),
     lambda: session().elsewhere(-200, -100)),
    ("token.two_places", "not_my_session", lambda: session().elsewhere(-85, -65),
     lambda: session().elsewhere(-1600, None)),
    ("connectors.swapped", "charged_no_energy", swapped, lambda: swapped(named_gives=True)),
    ("connectors.swapped", "charged_no_energy", lambda: Tale().plugged(-91).asks(-90.5, "start").start(-90).stop(
        -60, wh=1000).reads(-85, 100, number=None, evse=2).reads(-65, 9_000, number=None, evse=2), session),
    ("connector.unlock_failed", "connector_stuck",
     lambda: session().asks(-50, "unlock", answer="UnlockFailed", state="rejected"),
     lambda: session().asks(-50, "unlock", answer="NotSupported", state="rejected")),
    ("connector.unlocked", "connector_stuck", lambda: session().asks(-50, "unlock", answer="Unlocked"),
     lambda: session().asks(-50, "unlock", answer="UnlockFailed", state="rejected")),
    ("station.rebooted_during", "slow", lambda: session().boots(-75), lambda: session().boots(-50)),
    ("others.same_failure", "cannot_start", lambda: tries(HERS, "C3", HIS), lambda: tries(HERS, HIS)),
    ("others.same_failure", "cannot_start", lambda: tries(HERS, "C3", HIS), lambda: tries(HIS, HIS, HIS)),
    ("others.fine", "slow", lambda: others(2), lambda: others(1)),
    ("others.fine", "slow", lambda: others(2), lambda: others(2, wh=10)),
]


@pytest.mark.parametrize(("code", "topic", "holds", "fails"), BOTH, ids=[f"{n}-{b[0]}" for n, b in enumerate(BOTH)])
def test_it_holds_and_it_does_not(code: str, topic: str, holds: Teller, fails: Teller) -> None:
    found = holds().finds(topic)
    assert code in found
    assert found[code].refs or code in ("records.silent", "fault.none_reported")
    assert found[code].summary.en
    assert found[code].summary.zh
    assert code not in fails().finds(topic)


def test_every_rule_is_tried_both_ways_and_says_what_it_holds() -> None:
    assert {r.code for r in rules()} == {code for code, *_ in BOTH}
    assert all(r.about for r in rules())


@pytest.mark.parametrize("code", [r.code for r in rules()])
def test_danger_is_contradicted_by_nothing(code: str) -> None:
    for found, _, holds, _ in BOTH:
        if found == code:
            from complaints.judge import judge

            tale = holds()
            judged = judge(tale.claim("safety"), tale.story())
            assert not [f for f in judged.findings if f.stance == "contradicts"]
            assert judged.verdict in ("upheld", "inconclusive")
            assert {r.action for r in judged.remote if not r.allowed} >= {"reset", "unlock", "start"}
            assert {r.kind for r in judged.remedies} >= {"set_inoperative", "dispatch"}
            assert not {r.kind for r in judged.remedies} & {"reset", "unlock"}
