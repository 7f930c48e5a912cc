"""The inbox: a batch of messages, one database transaction, then their replies.

* `entries`     what is brought here, and what becomes of it
* `turns`       batches taking turns: while one commits, the next gathers
* `writer`      a batch put into an open transaction: journal, chain, projections, replies
* `record`      the statement that ends every batch
* `projection`  everything derived from the batch, in order: who came and went (`passing`), what was said (`talk`),
                tokens and transactions (`charging`), readings, and what commands wait for (`happenings`)
"""

from csms.inbox.entries import (
    ACCEPTED as ACCEPTED,
    Arrival as Arrival,
    Claim as Claim,
    Departure as Departure,
    Entry as Entry,
    Lost as Lost,
    Policy as Policy,
    Recall as Recall,
    Settlement as Settlement,
    Written as Written,
)
from csms.inbox.figures import Figures as Figures
from csms.inbox.projection import project as project
from csms.inbox.turns import POISON as POISON, Inbox as Inbox
from csms.inbox.writer import Writer as Writer
