"""What the bill should have been, by the records and the tariff in force at the start. Pure.

`session` says whose energy it was and between which registers, `energy` turns registers into slices,
`power` checks them, `periods` and `idle` price them, `ledger` says what was taken; `bill` puts it together.
"""

from complaints.billing.bill import Rating as Rating, expected_bill as expected_bill, money as money, rate as rate
from complaints.billing.idle import Idle as Idle, idle_of as idle_of
from complaints.billing.ledger import Ledger as Ledger, ledger_of as ledger_of
from complaints.billing.session import energy_of as energy_of
from complaints.billing.shifts import shift_that_explains as shift_that_explains
