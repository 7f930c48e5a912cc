"""The forty-one complaints of the demo's week: what went wrong at the charger, in whose words, what became of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from complaints.demo.traffic import Week
from complaints.demo.troubles import equipment, money, rest
from complaints.demo.troubles.grievance import Grievance as Grievance

ALL: Sequence[Callable[[Week], Grievance]] = (
    equipment.start_refused,
    equipment.trip_after_overcurrent,
    equipment.derated_by_heat,
    equipment.lock_jammed,
    equipment.plug_will_not_go_in,
    equipment.dead_screen,
    equipment.site_without_power,
    equipment.power_loss_in_session,
    equipment.shown_free_but_out_of_order,
    equipment.cracked_housing,
    equipment.will_not_stop,
    equipment.burnt_smell,
    equipment.stopped_by_the_car,
    money.paid_for_nothing_1,
    money.paid_for_nothing_2,
    money.paid_for_nothing_3,
    money.start_failed_but_charged,
    money.overcharged,
    money.charged_twice,
    money.hold_left_open,
    money.idle_fee_justified,
    money.wrong_period,
    money.not_my_session,
    money.kwh_too_high,
    money.coupon_ignored,
    money.refund_never_came,
    money.invoice,
    rest.rude_agent,
    rest.nobody_answers,
    rest.slow_handling,
    rest.bay_blocked,
    rest.gate_closed,
    rest.dark,
    rest.parking_fee,
    rest.humming,
    rest.roof,
    rest.log_in,
    rest.my_data,
    rest.sticker,
    rest.car_damaged,
    rest.left_umbrella,
)


def all_of(week: Week) -> list[Grievance]:
    """What has been complained about by now, in the order of filing."""
    told = [tell(week) for tell in ALL]
    return sorted((g for g in told if g.filed_at <= week.now), key=lambda g: g.filed_at)
