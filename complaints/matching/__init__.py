"""Which transaction a complaint is about, and why. Pure.

`clock` puts the station's times on our clock, `tries` finds the starts that never became a
transaction, `trail` ties payments to what they paid for, `scoring` weighs candidates; `match` decides.
"""

from complaints.matching.clock import Clock as Clock, measure as measure, on_our_clock as on_our_clock
from complaints.matching.match import Match as Match, match as match
from complaints.matching.tries import Try as Try, tries_of as tries_of
