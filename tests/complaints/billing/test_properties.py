"""What holds for every bill, whatever the meter and the clock did."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from itertools import pairwise

from hypothesis import given, settings, strategies as st

from complaints.billing import energy_of, expected_bill, rate
from complaints.billing.energy import Point, Slice, delivered
from complaints.billing.periods import bounds, cost, split
from complaints.rules.case import Case
from csms.vocabulary import Tariff
from tests.complaints.billing.told import at, case, payment, reading, session, status, tariff

prices = st.decimals("0", "5", places=2).map(str)
registers = st.lists(st.integers(0, 2_000_000), min_size=2, max_size=12)
zones = st.sampled_from(["Asia/Shanghai", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "UTC"])


@st.composite
def tariffs(draw: st.DrawFn) -> Tariff:
    cuts = sorted({0, 24, *draw(st.lists(st.integers(1, 23), max_size=4))})
    spans = [(a, b, draw(prices), draw(prices)) for a, b in pairwise(cuts)]
    idle = draw(st.none() | st.tuples(st.integers(0, 60), prices, st.none() | prices))
    return tariff(*spans, start_fee=draw(prices), idle=idle, zone=draw(zones))


@st.composite
def slices(draw: st.DrawFn) -> list[Slice]:
    now, found = draw(st.integers(-400_000, 400_000)), []
    for _ in range(draw(st.integers(1, 6))):
        length = draw(st.integers(1, 3_000))
        wh = draw(st.decimals("0", "90000", places=3))
        found.append(Slice(at(now), at(now + length), wh))
        now += length
    return found


def told(values: list[int], by: Tariff, paid: str = "0", back: str = "0") -> Case:
    """A session of one register value every ten minutes, ten minutes suspended, an hour plugged in."""
    end = (len(values) - 1) * 10
    return case(
        session(0, end, values[0], values[-1]),
        readings=[reading(i * 10, v) for i, v in enumerate(values[1:-1], 1)],
        statuses=[status(0, "Charging"), status(end - 5, "SuspendedEV"), status(end + 60, "Available")],
        tariffs=[by],
        payments=[payment("P", "capture", paid), payment("R", "refund", back, of="P")],
    )


@given(slices(), tariffs())
def test_the_parts_of_a_split_add_up_exactly(energy: list[Slice], by: Tariff) -> None:
    parts = split(energy, by)
    assert sum(p.wh for p in parts) == sum(s.wh for s in energy)
    assert all(p.wh >= 0 for p in parts)


@given(slices(), tariffs())
def test_the_price_lies_within_what_the_gaps_leave_open(energy: list[Slice], by: Tariff) -> None:
    range_ = bounds(energy, by)
    tiny = Decimal("0.000001")
    assert range_.least - tiny <= cost(energy, by) <= range_.most + tiny


@given(slices(), tariffs())
def test_a_shift_by_a_day_changes_no_price_where_no_clock_changes(energy: list[Slice], by: Tariff) -> None:
    steady = Tariff(by.id, by.currency, "UTC", by.valid_from, by.periods)
    day = timedelta(days=1)
    assert abs(cost(energy, steady, shift=day) - cost(energy, steady)) < Decimal("0.000001")


@given(registers)
def test_no_meter_delivers_less_than_nothing_or_more_than_the_plug_can(values: list[int]) -> None:
    points = [Point(at(i * 10), Decimal(v)) for i, v in enumerate(values)]
    energy = delivered(points, Decimal(60_000), [], "begin_end")
    assert all(s.wh >= 0 for s in energy.slices)
    minutes = [(s.end - s.start) / timedelta(minutes=1) for s in energy.slices]
    assert all(s.wh <= 1_200 * m + 1_000 for s, m in zip(energy.slices, minutes, strict=True))
    assert all(a.end <= b.start for a, b in pairwise(energy.slices))


@given(st.lists(st.integers(0, 9_000), min_size=2, max_size=12).map(sorted))
def test_a_sound_meter_is_billed_by_its_ends(values: list[int]) -> None:
    points = [Point(at(i * 10), Decimal(v)) for i, v in enumerate(values)]
    energy = delivered(points, Decimal(60_000), [], "begin_end")
    assert energy.wh == values[-1] - values[0]
    assert energy.notes == ()


@settings(max_examples=60)
@given(registers, tariffs())
def test_a_bill_is_never_negative_and_its_lines_add_up(values: list[int], by: Tariff) -> None:
    bill = expected_bill(told(values, by))
    assert bill
    assert bill.expected >= 0
    assert sum((line.amount for line in bill.lines), Decimal(0)) == bill.expected
    assert all(line.amount >= 0 for line in bill.lines)


@settings(max_examples=60)
@given(registers, tariffs(), st.integers(0, 60), prices)
def test_more_grace_never_costs_more(values: list[int], by: Tariff, grace: int, price: str) -> None:
    def due(minutes: int) -> Decimal:
        spans = [
            (p.start_minute // 60, p.end_minute // 60, str(p.energy_price), str(p.service_price)) for p in by.periods
        ]
        bill = expected_bill(told(values, tariff(*spans, idle=(minutes, price, None), zone=by.timezone)))
        assert bill
        return bill.expected

    assert due(grace + 1) <= due(grace)


@settings(max_examples=60)
@given(registers, tariffs(), st.decimals("0", "500", places=2), st.decimals("0", "1", places=2))
def test_a_refund_is_never_below_zero_nor_above_what_was_charged(
    values: list[int], by: Tariff, paid: Decimal, share: Decimal
) -> None:
    back = (paid * share).quantize(Decimal("0.01"))
    bill = expected_bill(told(values, by, str(paid), str(back)))
    assert bill
    assert bill.charged == paid - back
    assert 0 <= max(bill.charged - bill.expected, Decimal(0)) <= bill.charged


@settings(max_examples=60)
@given(registers, tariffs(), st.integers(0, 120))
def test_energy_up_to_a_moment_is_part_of_the_whole(values: list[int], by: Tariff, minute: int) -> None:
    energy = energy_of(told(values, by))
    assert 0 <= energy.until(at(minute)).wh <= energy.wh
    assert energy.until(at(minute), between=False).wh <= energy.until(at(minute)).wh


@settings(max_examples=30)
@given(registers, tariffs())
def test_the_same_case_gives_the_same_bill(values: list[int], by: Tariff) -> None:
    assert expected_bill(told(values, by)) == expected_bill(told(values, by))
    assert rate(told(values, by)) == rate(told(values, by))
