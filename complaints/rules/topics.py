"""What a claim may be about, grouped by the question the records have to answer."""

NOT_STARTED = frozenset({
    "cannot_start", "start_failed_charged", "charged_no_energy", "screen_or_reader", "station_down", "status_wrong",
    "hold_not_released", "refund_missing",
})
"""It did not start or gave nothing: whatever kept it from starting is on the driver's side."""

NO_ENERGY = frozenset({"charged_no_energy", "start_failed_charged", "cannot_start", "refund_missing"})
MONEY_GONE = frozenset({"start_failed_charged", "charged_no_energy", "hold_not_released", "refund_missing"})
"""Money was taken and nothing came of it: that alone makes the claim right, whoever caused it."""

CUT_SHORT = frozenset({"stopped_early"})
SLOW = frozenset({"slow"})
STUCK = frozenset({"connector_stuck", "cannot_stop", "cannot_insert"})
TOO_MUCH = frozenset({"overcharged", "energy_too_high", "wrong_tariff"})
NOT_MINE = frozenset({"not_my_session", "fraud"})
IDLE = frozenset({"idle_fee"})
DANGER = frozenset({"safety", "damaged", "car_damage"})
DOWN = frozenset({"station_down", "status_wrong"})
