"""Words for the codes that the office's pages show. English here, others in locale/."""

from __future__ import annotations

from collections.abc import Mapping

from complaints.web.tongue import N_

OFFICE: Mapping[str, Mapping[str, str]] = {
    "money_view": {
        "waiting": N_("Wait for approval"), "under_way": N_("On their way"), "failed": N_("Failed"),
        "confirmed": N_("Confirmed"), "declined": N_("Declined"),
    },
    "money_kind": {
        "refund": N_("Refund"), "release_hold": N_("Release of a hold"), "waive_fee": N_("Waived fee"),
        "coupon": N_("Coupon"),
    },
    "incident_state": {"open": N_("Open"), "resolved": N_("Solved"), "closed": N_("Closed")},
    "incident_kind": {
        "station": N_("One station"), "site": N_("One site"), "firmware": N_("One model and firmware"),
        "platform": N_("Whole platform"), "other": N_("Entered by hand"),
    },
    "cause": {
        "equipment": N_("Equipment"), "maintenance": N_("Maintenance work"), "software": N_("Software"),
        "network": N_("Network"), "grid": N_("Power grid"), "process": N_("Process"), "people": N_("People"),
        "supplier": N_("Supplier"), "other": N_("Something else"),
    },
    "action_kind": {
        "corrective": N_("Corrective action"), "rectification": N_("Rectification"),
        "improvement": N_("Improvement"), "training": N_("Training"),
    },
    "order_kind": {
        "repair": N_("Repair"), "inspection": N_("Inspection"), "deep_test": N_("Deep test"),
        "maintenance": N_("Maintenance work"),
    },
    "order_state": {
        "ordered": N_("Ordered"), "accepted": N_("Accepted"), "on_site": N_("On site"), "done": N_("Done"),
        "verified": N_("Verified: it charges"), "not_solved": N_("Not solved"), "cancelled": N_("Cancelled"),
    },
    "order_step": {
        "accept": N_("to take it"), "arrive": N_("to arrive"), "finish": N_("to finish it"),
        "fail": N_("to hand it back"), "verify": N_("to verify it"), "cancel": N_("to cancel it"),
    },
    "order_view": {"open": N_("Open"), "done": N_("Wait for a good session"), "ended": N_("Ended"), "all": N_("All")},
    "fault_level": {
        "1": N_("1: danger or whole site down"), "2": N_("2: station down"), "3": N_("3: works in part"),
    },
    "check": {
        "isolated": N_("Switched off and secured, no voltage measured"),
        "emergency_stop": N_("Emergency stop switches off and can be released"),
        "cable_and_plug": N_("Cable, plug and contacts undamaged and dry"),
        "earth": N_("Earth continuity measured"), "insulation": N_("Insulation measured"),
        "lock_moves": N_("Plug lock closes and opens"),
        "screen_and_reader": N_("Screen readable, card reader reacts"),
        "meter_counts": N_("Meter counts while charging"),
        "test_charge": N_("Test charge started, ran and ended by itself"),
        "qr_code": N_("QR code is ours, clean and leads here"),
        "bay_and_light": N_("Bay free, signs and light in order"),
        "filters_and_fans": N_("Filters cleaned, fans run"),
    },
    "checked": {"ok": N_("in order"), "bad": N_("not in order"), "none": N_("not there")},
    "measure": {
        "earth_ohm": N_("Earth continuity (Ω)"), "insulation_mohm": N_("Insulation (MΩ)"),
        "energy_kwh": N_("Energy of the test charge (kWh)"),
    },
    "article_state": {"draft": N_("Draft"), "published": N_("Published"), "retired": N_("Replaced")},
    "article_kind": {"article": N_("Article"), "template": N_("Reply template")},
    "site_kind": {
        "public": N_("Open to the public"), "community": N_("Residential area"), "company": N_("Company ground"),
    },
    "audit_question": {
        "complete": N_("The case names who, what, where, when and what the customer asks for."),
        "words": N_("The customer's own words are kept; the summary says the same."),
        "evidence": N_("The verdict rests on records, not on one side's word alone."),
        "both_ways": N_("It was asked what speaks for and against each side."),
        "in_time": N_("Clocks were kept, or the delay was told with a new date."),
        "informed": N_("The customer heard at every step, in plain words."),
        "remedy": N_("What was promised was done, and its effect was seen."),
        "money": N_("Money was approved by who may, and by two where needed."),
        "closing": N_("It was closed for a reason that is on record."),
    },
    "audit_answer": {"yes": N_("yes"), "no": N_("no"), "n/a": N_("does not apply")},
    "unit": {
        "minutes": N_("minutes"), "hours": N_("hours"), "days": N_("days"), "working_hours": N_("working hours"),
        "working_days": N_("working days"),
    },
    "after": {
        "submitted": N_("from handing in"), "round": N_("from the start of the round"),
        "decision": N_("from the decision"), "resolution": N_("from our answer"),
    },
    "setting": {
        "site": N_("Site"), "person": N_("Duty"), "absence": N_("Absence"), "tariff": N_("Tariff"),
        "user": N_("User"), "token": N_("API token"), "policy": N_("Policy"), "team": N_("Team"),
        "upkeep": N_("Upkeep plan"),
    },
    "looked_at": {
        "case": N_("the case"), "work order": N_("a work order"), "export.html": N_("the case, as a page to keep"),
        "export.zip": N_("the case, as a bundle to keep"),
    },
    "alarm_kind": {
        "silent_fault": N_("Silent fault: people complain, the station says nothing"),
        "delivery.unclear": N_("A message may not have gone out"), "delivery.failed": N_("A message did not go out"),
        "calendar.horizon": N_("A deadline lies beyond the published holidays: enter more under Settings, Calendars"),
        "nobody": N_("A case has no person on duty"),
        "early_warning": N_("Readings warn of a fault"), "out_of_limits": N_("A test found readings out of limits"),
        "model_share": N_("One model has more than its share of complaints"),
        "first_resolution": N_("Too few cases are settled at the first answer"),
    },
    "warning": {
        "heat": N_("hotter than usual (°C)"), "restless_current": N_("current jumps about"),
        "weak": N_("draws less than offered"), "voltage": N_("voltage below what is usual (V)"),
    },
    "weekday": {
        "0": N_("Mon"), "1": N_("Tue"), "2": N_("Wed"), "3": N_("Thu"), "4": N_("Fri"), "5": N_("Sat"),
        "6": N_("Sun"),
    },
}
