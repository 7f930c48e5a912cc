"""Short names of what records can show: the findings' codes, and the plain facts that a complaint is sorted by."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from complaints.web.tongue import N_

FINDING: Mapping[str, str] = {
    "energy.none": N_("no energy delivered"), "energy.delivered": N_("energy was delivered"),
    "energy.little": N_("hardly any energy delivered"), "energy.regressed": N_("the meter ran backwards"),
    "energy.jump": N_("the meter jumped"), "energy.gap_between": N_("energy counted between two sessions"),
    "energy.after_stop": N_("energy after the stop"),
    "power.limited_by_vehicle": N_("the vehicle drew less than offered"),
    "power.limited_by_station": N_("the charger offered less than it can"),
    "power.limited_by_profile": N_("a limit of ours held the power down"),
    "stop.by_customer": N_("the customer ended it"), "stop.by_staff": N_("one of us ended it"),
    "stop.by_vehicle": N_("the vehicle ended it"), "stop.by_limit": N_("a limit ended it"),
    "stop.cable_removed": N_("the plug was drawn"), "stop.by_fault": N_("a fault ended it"),
    "stop.emergency": N_("an emergency stop ended it"), "stop.power_loss": N_("a power cut ended it"),
    "stop.reboot": N_("a restart of the charger ended it"),
    "stop.deauthorized": N_("the authorisation was withdrawn"), "stop.missing": N_("the end was never reported"),
    "start.no_transaction": N_("no session followed the start"),
    "start.refused_by_station": N_("the charger refused the start"),
    "start.station_offline": N_("the charger was offline at the start"),
    "start.station_faulted": N_("the charger was faulted at the start"),
    "start.token_refused": N_("the card or account was refused"),
    "start.customer_timeout": N_("nobody plugged in, in time"),
    "start.other_connector": N_("it began on another plug"),
    "fault.around": N_("a fault around that time"), "fault.during": N_("a fault during the session"),
    "fault.lock": N_("plug lock fault"), "fault.ground": N_("earth fault"),
    "fault.temperature": N_("over-temperature"), "fault.meter": N_("meter fault"),
    "fault.reader": N_("card reader fault"),
    "fault.vehicle_communication": N_("communication fault with the vehicle"),
    "fault.emergency": N_("emergency stop pressed"), "fault.overcurrent": N_("over-current"),
    "fault.voltage": N_("voltage out of range"), "fault.internal": N_("internal fault"),
    "fault.other": N_("another fault"), "fault.none_reported": N_("no fault was reported"),
    "connection.lost_during": N_("the connection dropped during the session"),
    "connection.offline_then": N_("the charger was offline then"),
    "station.rebooted_during": N_("the charger restarted during the session"),
    "connector.unlock_failed": N_("an unlock failed"), "connector.unlocked": N_("an unlock worked"),
    "records.silent": N_("the charger said nothing at all"), "records.gap": N_("records are missing"),
    "records.replayed": N_("the records came in late"), "clock.offset": N_("the charger's clock is wrong"),
    "vehicle.suspended": N_("the vehicle paused"), "station.suspended": N_("the charger paused"),
    "vehicle.other_in_session": N_("another vehicle in the session"),
    "token.two_places": N_("one card at two places"), "connectors.swapped": N_("the plugs were mixed up"),
    "others.same_failure": N_("others failed there alike"), "others.fine": N_("others charged well there"),
    "payment.duplicate": N_("taken twice"), "payment.exceeds_bill": N_("more was taken than is due"),
    "payment.matches_bill": N_("what was taken is what is due"),
    "payment.without_transaction": N_("taken without a session"),
    "payment.hold_open": N_("a hold is still open"), "payment.hold_released": N_("the hold was released"),
    "payment.not_ours": N_("the payment is not in our books"),
    "bill.start_fee_after_failure": N_("start fee for a failed session"),
    "bill.idle_justified": N_("the idle fee is right"), "bill.idle_unjustified": N_("the idle fee is too high"),
    "bill.period_shift": N_("tariff times shifted"),
}
CODE = re.compile(r"\b[a-z]+\.[a-z_]+")


def by_name(text: str, say: Callable[..., str]) -> str:
    """A text for staff with the names of findings for their codes."""
    return CODE.sub(lambda m: say(FINDING[m[0]]) if m[0] in FINDING else m[0], text)


RECORD: Mapping[str, str] = {
    **FINDING,
    "session": N_("there was a session"), "no session": N_("there was no session"),
    "running": N_("the session still ran"), "captured": N_("money was taken"),
    "nothing paid": N_("nothing was paid"), "no hold": N_("nothing was held on the card"),
}
SUSPECT: Mapping[str, str] = {
    "clock_unset": N_("clock never set"), "energy_negative": N_("meter ran backwards"),
    "event_after_end": N_("reports after its end"), "orphan_stop": N_("end of an unknown session"),
    "overlap": N_("two at once on one plug"), "register_kwh": N_("kWh told as Wh"),
    "seq_gap": N_("messages missing"), "start_late": N_("start told late"),
    "start_missing": N_("start never told"), "start_out_of_order": N_("start told out of order"),
    "start_repeated": N_("start told again"), "start_unanswered": N_("start never answered"),
    "stop_id_stale": N_("end names another session"), "stop_id_unknown": N_("end names an unknown session"),
    "stop_late": N_("end told late"), "stop_lost": N_("the charger forgot it"),
    "stop_missing": N_("end never told"), "stop_repeated": N_("two different ends told"),
    "time_backwards": N_("ends before it starts"),
}
"""Doubts about a session, as they stand beside it."""
