"""Transactions: when charging started, when it ended, how much was delivered, and what is odd about it."""

from csms.transactions.energy import (
    PLAIN as PLAIN,
    difference as difference,
    in_kwh as in_kwh,
    meant as meant,
    reading_meant as reading_meant,
)
from csms.transactions.foreign import Vouched as Vouched, look_into as look_into
from csms.transactions.rows import (
    allot_numbers as allot_numbers,
    at_station as at_station,
    by_ids as by_ids,
    doubt_running as doubt_running,
    fact as fact,
    find as find,
    keep_steps as keep_steps,
    load as load,
    named as named,
    of_tokens as of_tokens,
    open_at as open_at,
    search as search,
    skip_numbers as skip_numbers,
    steps_between as steps_between,
    store as store,
)
from csms.transactions.rules import (
    ROUNDING_WH as ROUNDING_WH,
    Known as Known,
    Record as Record,
    begin as begin,
    end as end,
    follow as follow,
    is_same_start as is_same_start,
)
