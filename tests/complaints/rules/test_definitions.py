"""The definitions of contract/codes.md at their edges: what just holds, and what just does not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest

from complaints.billing import expected_bill
from complaints.rules.every import findings
from tests.complaints.stories import HIS, Tale, session

Teller = Callable[[], Tale]


def app_stop(minutes: float, **more: object) -> Tale:
    return session(card=False, reason="Remote").asks(minutes, "stop", said="1", **more)  # type: ignore[arg-type]


def kept_on(*, obeyed: bool) -> Tale:
    """His app asks to stop at -80; the transaction lasts until -60, read at -85 and at its end only."""
    tale = Tale().plugged(-91).start(-90).status(-89.9, "Charging").reads(-85, 3500).asks(-80, "stop", said="1")
    if obeyed:
        tale.status(-79.9, "Finishing")
    return tale.stop(-60, wh=6000, reason="Local")


def carded(*, trigger: str, wh: float, token: str | None = HIS) -> Tale:
    """2.x: an event tells at -75 that his card ended it, the transaction lasts until the cable is out at -60."""
    tale = Tale(v2=True).plugged(-91).start(-90).state(-89.9, "Charging").charges(-85, -75, watts=30_000)
    tale.state(-74.9, "EVConnected").step(-75, 4, trigger=trigger)
    tale.lists["steps"][-1] = replace(tale.lists["steps"][-1], token=token)
    return tale.reads(-70, 6000 + wh).stop(-60, wh=6000 + wh, reason="Local", trigger="EVCommunicationLost")


def unset(*, offline: bool) -> Tale:
    """A station whose clock was never set: the times of its session are those of receipt."""
    tale = Tale().plugged(-91).start(-60, suspect=("clock_unset",), came=-60)
    tale.reads(-59.99, 3000).reads(-59.98, 8000).stop(-59.97, wh=9000, token=HIS)
    return tale.drops(-100, -60.5) if offline else tale


def numbered(first: str, seqs: list[int]) -> Tale:
    tale = session(v2=True)
    for place, seq in enumerate(seqs):
        tale.step(-89 + place, seq, type=first if place == 0 else "Updated")
    return tale


EDGES: list[tuple[str, Teller, Teller]] = [
    # Register differences: below 50, in between, 500 or more.
    ("energy.none", lambda: Tale().start(-90).stop(-60, wh=1049.9), lambda: Tale().start(-90).stop(-60, wh=1050)),
    ("energy.little", lambda: Tale().start(-90).stop(-60, wh=1050), lambda: Tale().start(-90).stop(-60, wh=1500)),
    ("energy.delivered", lambda: Tale().start(-90).stop(-60, wh=1500), lambda: Tale().start(-90).stop(-60, wh=1499)),
    # What the register says after the stop is no part of the difference.
    ("energy.none", lambda: Tale().start(-90).stop(-60, wh=1000).reads(-50, 1900),
     lambda: Tale().start(-90).reads(-70, 1900).stop(-60, wh=1900)),
    ("energy.regressed", lambda: session().reads(-71, 8_489), lambda: session().reads(-71, 8_490)),
    # 60 kW x 1.2 in 5 min is 6 kWh, and a register may be 50 Wh coarse.
    ("energy.jump", lambda: Tale().start(-90).reads(-65, 1000).stop(-60, wh=7061),
     lambda: Tale().start(-90).reads(-65, 1000).stop(-60, wh=7040)),
    # Times that are receipts of a queue say nothing of speed.
    ("energy.jump", lambda: unset(offline=False), lambda: unset(offline=True)),
    ("energy.delivered", lambda: unset(offline=True), lambda: unset(offline=False)),
    ("energy.gap_between", lambda: _chain(1101), lambda: _chain(1100)),
    # After a request that lies between two readings; an obeyed one is none.
    ("energy.after_stop", lambda: kept_on(obeyed=False), lambda: kept_on(obeyed=True)),
    ("energy.after_stop", lambda: carded(trigger="StopAuthorized", wh=400),
     lambda: carded(trigger="StopAuthorized", wh=0)),
    ("energy.after_stop", lambda: carded(trigger="StopAuthorized", wh=400),
     lambda: carded(trigger="MeterValuePeriodic", wh=400)),
    # His card was shown to charge at the other plug, not to stop this one.
    ("energy.after_stop", lambda: session().card(-75),
     lambda: session().card(-75).start(-74, evse=2, number=2).stop(-62, wh=4000, number=2)),
    ("stop.by_customer", lambda: app_stop(-60.2), lambda: app_stop(-60.2, by="unknown")),
    ("stop.by_customer", lambda: app_stop(-60.2), lambda: session(card=False, reason="Remote")),
    ("stop.by_customer", lambda: session(card=False, reason="UnlockCommand").asks(-60.2, "unlock", by="app"),
     lambda: session(card=False, reason="UnlockCommand").asks(-60.2, "unlock", by="agent:li")),
    ("stop.by_staff", lambda: session(card=False, reason="UnlockCommand").asks(-60.2, "unlock", by="agent:li"),
     lambda: session(card=False, reason="UnlockCommand").asks(-60.2, "unlock", by="app")),
    ("stop.by_staff", lambda: app_stop(-60.2, by="agent:li"),
     lambda: session().asks(-62, "stop", said="1", by="agent:li", state="rejected", answer="Rejected")),
    # Unplugging after the charge was over did not end it.
    ("stop.cable_removed", lambda: session(v2=True, reason="EVDisconnected"),
     lambda: carded(trigger="StopAuthorized", wh=0)),
    # That the plug waits to be unplugged changes nothing of who ended the charge.
    ("stop.by_vehicle", lambda: session(card=False).status(-66, "SuspendedEV").status(-60.2, "Finishing"),
     lambda: session(card=False).status(-66, "SuspendedEV").status(-62, "Charging").status(-60.2, "Finishing")),
    ("stop.by_fault", lambda: session(reason="Other").fault(-61, "internal"),
     lambda: session(reason="Other").fault(-61.1, "internal")),
    # No reason at all and an error reported: nobody else ended it.
    ("stop.by_fault", lambda: session(reason=None, card=False).fault(-60.5, "internal", warning=True),
     lambda: session(reason=None).fault(-60.5, "internal", warning=True)),
    # A reset that was none of ours.
    ("stop.reboot", lambda: session(card=False, reason="HardReset").boots(-60.5),
     lambda: session(card=False, reason="HardReset").asks(-61, "reset", by="agent:li", evse=None).boots(-60.5)),
    # A boot notification that we asked for is no restart.
    ("station.rebooted_during", lambda: session().boots(-75, "Watchdog"), lambda: session().boots(-75, "Triggered")),
    ("station.rebooted_during", lambda: session().asks(-75.1, "trigger", payload={"requestedMessage": "Heartbeat"})
     .boots(-75), lambda: session().asks(-75.1, "trigger", payload={"requestedMessage": "BootNotification"})
     .boots(-75)),
    ("fault.during", lambda: session().fault(-59, "lock"), lambda: session().fault(-58.9, "lock")),
    ("fault.during", lambda: session().fault(-200, "lock", cleared=-91),
     lambda: session().fault(-200, "lock", cleared=-91.1)),
    ("fault.around", lambda: session().fault(-30, "lock"), lambda: session().fault(-29.9, "lock")),
    ("fault.around", lambda: session().fault(-200, "lock", cleared=-120),
     lambda: session().fault(-200, "lock", cleared=-120.1)),
    # More than three intervals of five minutes; at the end only where energy flowed on.
    ("records.gap", lambda: _hole(15.2), lambda: _hole(15)),
    ("records.gap", lambda: _silent_end(wh=20_000), lambda: _silent_end(wh=3_520)),
    ("records.gap", lambda: numbered("Updated", [2, 3, 4]), lambda: numbered("Started", [0, 1, 2])),
    ("records.replayed", lambda: Tale().drops(-91, -88.5).start(-90, came=-88.4).stop(-60, wh=9000, token=HIS),
     lambda: Tale().drops(-91, -90.1).start(-90, came=-88.4).stop(-60, wh=9000, token=HIS)),
    ("clock.offset", lambda: _slow(3.1), lambda: _slow(2.9)),
    ("others.same_failure", lambda: _failed_by("A", "B"), lambda: _failed_by("A")),
    ("vehicle.suspended", lambda: session().status(-75.1, "SuspendedEV"),
     lambda: session().status(-74.9, "SuspendedEV")),
]


@pytest.mark.parametrize(("code", "holds", "fails"), EDGES, ids=[f"{n}-{e[0]}" for n, e in enumerate(EDGES)])
def test_it_holds_to_its_edge_and_no_further(code: str, holds: Teller, fails: Teller) -> None:
    assert code in holds().finds("stopped_early")
    assert code not in fails().finds("stopped_early")


def test_a_request_between_two_readings_cuts_the_bill_only_where_it_was_not_obeyed() -> None:
    def due(tale: Tale) -> Decimal:
        case = tale.case("cannot_stop")
        bill = expected_bill(case, findings(case))
        assert bill is not None
        return bill.expected

    assert due(kept_on(obeyed=True)) == Decimal("2.50")
    assert due(kept_on(obeyed=False)) == Decimal("1.50")  # 2.5 kWh to -85, a fifth of the other 2.5 to -80


def test_a_session_whose_times_nobody_knows_is_billed_by_its_registers() -> None:
    bill = expected_bill(unset(offline=True).case("overcharged"))
    assert bill is not None
    assert bill.expected == Decimal("4.00")


def _chain(start: float) -> Tale:
    tale = Tale().start(-200, wh=500, number=5).stop(-150, wh=1000, number=5)
    return tale.start(-90, wh=start).stop(-60, wh=start + 9000)


def _hole(minutes: float) -> Tale:
    last = -65 + minutes
    return Tale().start(-90).charges(-85, -65).reads(last, 30_000).stop(last + 1, wh=30_100, token=HIS)


def _silent_end(*, wh: float) -> Tale:
    tale = Tale().plugged(-91).start(-90).charges(-85, -80, every=1, watts=30_000)
    return tale.status(-79, "SuspendedEV").stop(-60, wh=wh, token=HIS)


def _slow(minutes: float) -> Tale:
    return Tale().slow_clock(minutes).plugged(-91).start(-90).charges(-85, -65).stop(-60, wh=11_000, token=HIS)


def _failed_by(*tokens: str) -> Tale:
    tale = session(watts=0)
    for n, token in enumerate(tokens):
        tale.start(-600 + 60 * n, wh=0, token=token, number=10 + n).stop(-570 + 60 * n, wh=0, number=10 + n)
    return tale
