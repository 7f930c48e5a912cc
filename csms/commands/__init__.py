"""Commands: asked for, sent once, answered or not, and whether they were seen to work.

The row is the truth, the reply a courtesy. Accepted is not fixed: an accepted command stays
`pending` until the station shows the effect, or does not in time.
"""

from csms.commands.effects import (
    EFFECT_WITHIN as EFFECT_WITHIN,
    KINDS as KINDS,
    SETTLED as SETTLED,
    TRANSITIONS as TRANSITIONS,
    Happening as Happening,
    advance as advance,
    awaited_effect as awaited_effect,
    failed as failed,
)
from csms.commands.guards import (
    Circumstances as Circumstances,
    circumstances as circumstances,
    guards as guards,
    live as live,
)
from csms.commands.record import models_resets as models_resets, resets_of as resets_of
from csms.commands.rows import (
    abandon as abandon,
    between as between,
    by_message as by_message,
    claim as claim,
    fact as fact,
    find as find,
    give_up_effects as give_up_effects,
    listing as listing,
    observe as observe,
    queued as queued,
    recall as recall,
    row as row,
    settle as settle,
    submit as submit,
    take_back as take_back,
    tidy as tidy,
    waited_for as waited_for,
)
