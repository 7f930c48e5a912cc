"""Words to the outside: written with what they tell of, sent after that is committed, each once."""

from complaints.outbound.deliver import Courier, Message, Transport, Undelivered, Unwanted
from complaints.outbound.quiet import allowed_from
from complaints.outbound.transports import AppriseTransport, HookTransport, sign

__all__ = [
    "AppriseTransport", "Courier", "HookTransport", "Message", "Transport", "Undelivered", "Unwanted", "allowed_from",
    "sign",
]
