"""What staff and customers can do with a case: who may, and what is needed. How it goes is in `life`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import Field

from complaints.cases import Case
from complaints.intake.form import CurrencyCode, Lenient, LongText, Short, UtcTime
from csms.errors import BadInput

Remote = Literal["reset", "unlock", "stop", "trigger", "get_log", "set_inoperative", "set_operative"]
Money = Literal["refund", "release_hold", "waive_fee", "coupon"]
Life = Literal[
    "dispatch", "assign", "escalate", "resolve", "confirm", "reject_resolution", "close", "reopen", "acknowledge",
    "decide", "promise", "withdraw", "refer", "take_back", "merge", "unmerge", "follow_up",
]
REMOTE: tuple[str, ...] = Remote.__args__  # type: ignore[attr-defined]
MONEY: tuple[str, ...] = Money.__args__  # type: ignore[attr-defined]

DESK = ("agent", "technician", "finance", "supervisor")
ROLES: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(REMOTE, ("agent", "technician", "supervisor")),
    **dict.fromkeys(MONEY, ("agent", "finance", "supervisor")),
    "dispatch": ("agent", "technician", "supervisor"),
    "assign": DESK,
    "escalate": DESK,
    "resolve": DESK,
    "confirm": (*DESK, "integration"),
    "reject_resolution": (*DESK, "integration"),
    "close": ("supervisor",),
    "reopen": DESK,
    "acknowledge": DESK,
    "decide": DESK,
    "promise": DESK,
    "withdraw": (*DESK, "integration"),
    "refer": ("supervisor",),
    "take_back": DESK,
    "merge": DESK,
    "unmerge": DESK,
    "follow_up": DESK,
}
"""Who may do what; admin may do all of it."""
OVERRIDES = ("technician", "supervisor")
"""Who may go past a guard, with a reason. Nobody goes past G1."""
NEEDS_REASON = (
    *REMOTE, *MONEY, "escalate", "reject_resolution", "close", "reopen", "withdraw", "refer", "take_back", "merge",
    "unmerge",
)


class Ask(Lenient):
    """The body of an action. Which fields count depends on `action`."""

    action: Literal[Remote, Money, Life]
    reason: LongText | None = None
    override: bool = False
    text: LongText | None = Field(default=None, description="What the customer is told (resolve), or a comment.")
    evse: Annotated[int, Field(ge=0)] | None = None
    connector: Annotated[int, Field(ge=0)] | None = None
    hard: bool = Field(default=False, description="reset: at once, instead of after what is running.")
    what: Short = Field(default=None, description="trigger: the message wanted, StatusNotification without.")
    transaction: Short = Field(default=None, description="stop: our id, or the number or reference.")
    wait_s: Annotated[float, Field(ge=0, le=60)] = 0
    amount: Annotated[Decimal, Field(gt=0, max_digits=14, decimal_places=4)] | None = None
    currency: CurrencyCode | None = None
    payment: Short = Field(default=None, description="refund, release_hold: the payment it is about.")
    refund: int | None = Field(default=None, description="Which refund of this case is decided; the open one without.")
    approve: bool | None = Field(
        default=None, description="refund: decides what is proposed; false with nothing proposed only proposes."
    )
    owner: Short = Field(default=None, description="assign, dispatch: to whom; to yourself without.")
    department: Short = None
    level: Literal[1, 2, 3] | None = None
    fault_level: Literal[1, 2, 3] | None = Field(default=None, description="dispatch: how badly the station is down.")
    outcome: Literal["accepted", "accepted_by_silence"] | None = Field(
        default=None, description="close: why it may be closed though the customer has not confirmed."
    )
    satisfaction: Annotated[int, Field(ge=1, le=5)] | None = None
    demand: LongText | None = Field(default=None, description="reject_resolution: what the customer now asks for.")
    due_at: UtcTime | None = Field(default=None, description="promise, refer: by when.")
    liability: Short = Field(default=None, description="decide: who is liable.")
    into: Short = Field(default=None, description="merge: the number of the case that goes on.")
    body: Short = Field(default=None, description="refer: the mediator, authority or court.")
    reference: Short = Field(default=None, description="refer: the number it has there.")
    which: Literal["follow_up", "follow_up_7d", "follow_up_30d"] = Field(
        default="follow_up", description="follow_up: which call this was."
    )


@dataclass(frozen=True, slots=True)
class Acted:
    """How an action ended. `settled` False: accepted, still under way (HTTP 202)."""

    case: Case
    settled: bool = True
    detail: Mapping[str, Any] = field(default_factory=dict)


def may(role: str, action: str) -> bool:
    return role == "admin" or role in ROLES[action]


def check(ask: Ask) -> None:
    """Who, when and why are on record for everything that touches a station or money (G11)."""
    if ask.action in NEEDS_REASON and not ask.reason:
        raise BadInput("reason", "is required: it goes on record with who and when")
    needed = {"promise": "due_at", "refer": "body", "merge": "into"}.get(ask.action)
    if needed and getattr(ask, needed) is None:
        raise BadInput(needed, f"is required to {ask.action} a case")
    if ask.override and ask.action in ("assign", "resolve", "decide") and not ask.reason:
        raise BadInput("reason", "an override needs a reason: it goes on record")
