"""What a complaint says when it arrives, whatever the channel: the body of POST /complaints, validated."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
)

from complaints.findings import Liability, Verdict
from csms.errors import BadInput
from csms.rest.http import field_path, plain_words

LONGEST_TEXT = 20_000
MOST_ATTACHMENTS = 6
FUTURE_TOLERANCE = timedelta(minutes=10)
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)

Channel = Literal[
    "hotline", "web", "qr", "wechat", "app", "email", "onsite", "platform", "social", "proactive", "api"
]
Language = Literal["zh-Hans", "zh-Hant", "en"]


def _storable(text: str) -> str:
    return text.replace("\x00", "")  # PostgreSQL keeps every character but this one


def _blank_is_none(value: object) -> object:
    return None if isinstance(value, str) and not value.strip() else value


def _in_utc(at: datetime) -> datetime:
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    if at < EARLIEST:
        raise ValueError("must be a time after 2000-01-01")
    return at


Short = Annotated[
    Annotated[str, StringConstraints(strip_whitespace=True, max_length=200), AfterValidator(_storable)] | None,
    BeforeValidator(_blank_is_none),
]
LongText = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_TEXT), AfterValidator(_storable)
]
Money = Annotated[Decimal, Field(ge=0, max_digits=14, decimal_places=4)]
CurrencyCode = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
UtcTime = Annotated[datetime, AfterValidator(_in_utc)]


Nature = Literal[
    "quality", "parts", "cost", "attitude", "process", "waiting", "information", "environment", "suggestion", "other"
]


class Lenient(BaseModel):
    """Takes numbers where text is meant, and ignores what it does not know: a complaint is not lost for that."""

    model_config = ConfigDict(coerce_numbers_to_str=True, extra="ignore", frozen=True)


class Customer(Lenient):
    name: Short = None
    phone: Short = None
    email: Short = None
    token: Short = Field(default=None, description="The card or account that he charges with.")
    plate: Short = None


class AttachmentIn(Lenient):
    """A file inside JSON. `content` is base64."""

    name: Short = None
    content: str = Field(description="The file in base64; a data: URL is taken too.")


class ComplaintIn(Lenient):
    """A complaint as filed. Only `channel` and `text` are required."""

    channel: Channel
    text: LongText
    language: Language | None = None
    customer: Customer = Customer()
    station: Short = None
    evse: Annotated[int, Field(ge=0, le=10_000)] | None = None
    occurred_at: UtcTime | None = None
    payment_reference: Short = None
    order: Short = None
    amount_disputed: Money | None = None
    currency: CurrencyCode | None = None
    expectation: Annotated[str, StringConstraints(max_length=2_000), AfterValidator(_storable)] | None = None
    attachments: Annotated[list[AttachmentIn], Field(max_length=MOST_ATTACHMENTS)] = []
    submitted_at: UtcTime | None = Field(
        default=None, description="When the customer handed it in, where that was before it reached us (paper, e-mail)."
    )
    account: Short = Field(default=None, description="The channel's own name of the customer, e.g. an openid.")
    fault_level: Literal[1, 2, 3] | None = None
    topic: Short = Field(default=None, description="Where whoever takes it knows what it is about; else by the words.")
    level: Literal[1, 2, 3] | None = Field(default=None, description="Together with `topic`.")
    nature: Nature | None = Field(default=None, description="What kind of dissatisfaction it is; else by the words.")


RemedyKind = Literal[
    "refund", "release_hold", "no_refund", "goodwill", "waive_fee", "correct_bill", "reset", "unlock", "stop",
    "set_inoperative", "dispatch", "guidance", "replace_part", "block_token", "escalate_legal", "apologise",
]


class RemedyIn(Lenient):
    kind: RemedyKind
    amount: Annotated[Decimal, Field(gt=0, max_digits=14, decimal_places=4)] | None = None
    currency: CurrencyCode | None = None
    note: Short = None


class Decided(Lenient):
    """What a person may decide; null gives a field back to the rules."""

    verdict: Verdict | None = None
    liability: Liability | None = None
    transaction: Short = Field(default=None, description="Our id of the transaction that is meant, or `none`.")
    remedies: Annotated[list[RemedyIn], Field(max_length=20)] | None = None


class Correction(Decided):
    """What staff may put right later. Only what is given changes; null takes a fact away, and gives a decision
    over the rules back to them."""

    reason: LongText
    language: Language | None = None
    category: Literal["equipment", "payment", "service", "environment", "other"] | None = None
    topic: Short = None
    level: Literal[1, 2, 3] | None = None
    nature: Nature | None = None
    department: Short = None
    customer: Customer | None = None
    station: Short = None
    evse: Annotated[int, Field(ge=0, le=10_000)] | None = None
    occurred_at: UtcTime | None = None
    payment_reference: Short = None
    order: Short = None
    amount_disputed: Money | None = None
    currency: CurrencyCode | None = None
    expectation: Annotated[str, StringConstraints(max_length=2_000)] | None = None


NEVER_NULL = ("language", "category", "topic", "level", "department", "nature")


def changes_of(correction: Correction) -> dict[str, Any]:
    """Column -> new value for what a correction names. Raises BadInput for a null that a case cannot do without."""
    others = {"reason", "customer", *Decided.model_fields}
    given = {name: getattr(correction, name) for name in correction.model_fields_set - others}
    for name in NEVER_NULL:
        if name in given and given[name] is None:
            raise BadInput(name, "cannot be taken away, only changed")
    if "order" in given:
        given["order_ref"] = given.pop("order")
    if customer := correction.customer:
        given |= {f"customer_{name}": getattr(customer, name) for name in customer.model_fields_set}
    return given


def read(given: Mapping[str, Any]) -> ComplaintIn:
    """A complaint from a form or a message. Raises BadInput naming the first field that is wrong."""
    try:
        return ComplaintIn.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        raise BadInput(field_path(first["loc"]), plain_words(first)) from None


def check_time(occurred_at: datetime | None, now: datetime) -> None:
    """What is complained about has happened already; clocks may differ a little."""
    if occurred_at is not None and occurred_at > now + FUTURE_TOLERANCE:
        raise BadInput("occurred_at", "lies in the future; it must be when it happened")
