"""Filing: one database transaction from words to a case with a number, deadlines and an acknowledgement."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Protocol

import structlog

from complaints import cases, deadlines, merging, phrases, sites, thread
from complaints.cases import Case, Filing
from complaints.claim import Claim
from complaints.duty import rota
from complaints.intake import attachments
from complaints.intake.attachments import Kept
from complaints.intake.classify.nature import BY_TOPIC, nature_of
from complaints.intake.classify.topics import CATEGORY_OF, DEPARTMENT_OF
from complaints.intake.form import ComplaintIn
from complaints.sites import Place
from complaints.thread import SYSTEM, Draft
from csms.errors import BadInput
from csms.kit.db import Conn

log = structlog.get_logger()


class Sorted(Protocol):
    """What classification says of a text."""

    @property
    def category(self) -> str: ...
    @property
    def topic(self) -> str: ...
    @property
    def level(self) -> int: ...
    @property
    def department(self) -> str: ...
    @property
    def language(self) -> str: ...
    @property
    def confidence(self) -> float: ...
    @property
    def because(self) -> Sequence[Any]: ...
    @property
    def alternatives(self) -> Sequence[Any]: ...
    @property
    def danger(self) -> Any: ...


SHOWN = 3
"""Other topics kept for the desk to choose from."""
Classify = Callable[..., Sorted]
"""`classify(text, *, language=None)`."""


@dataclass(frozen=True, slots=True)
class Unsorted:
    """Not read from the words: classification failed and a person looks, or it was told."""

    category: str = "other"
    topic: str = "other"
    level: int = 2
    department: str = "customer_relations"
    language: str = "zh-Hans"
    confidence: float = 0.0
    because: tuple[str, ...] = ("could not be classified",)
    alternatives: tuple[Any, ...] = ()
    danger: bool = False


def sort(classify: Classify, given: ComplaintIn) -> Sorted:
    try:
        found = classify(given.text, language=given.language)
    except Exception:
        log.exception("classification_failed")
        found = Unsorted(language=given.language or "zh-Hans")
    return as_told(given, found)


def as_told(given: ComplaintIn, found: Sorted) -> Sorted:
    """A topic that was named counts instead of the one read from the words; words of danger outrank both."""
    if given.topic is None or (found.danger and given.topic != "safety"):
        return found
    if given.topic not in CATEGORY_OF:
        raise BadInput("topic", f"must be one of {', '.join(sorted(CATEGORY_OF))}")
    level = 1 if given.topic == "safety" else given.level or found.level
    return Unsorted(
        CATEGORY_OF[given.topic], given.topic, level, DEPARTMENT_OF[given.topic], found.language, 1.0,
        ("named by whoever took it",), danger=bool(found.danger),
    )


def filing_of(given: ComplaintIn, found: Sorted, place: Place) -> Filing:
    """The case's first facts. The customer's own words on language win over what was detected."""
    customer = given.customer
    return Filing(
        channel=given.channel, text=given.text, language=given.language or found.language, category=found.category,
        topic=found.topic, level=found.level, department=found.department, classification=_on_record(found),
        customer_name=customer.name, customer_phone=customer.phone, customer_email=customer.email,
        customer_token=customer.token, customer_plate=customer.plate, station=given.station, evse=given.evse,
        occurred_at=given.occurred_at, payment_reference=given.payment_reference, order_ref=given.order,
        amount_disputed=given.amount_disputed, currency=given.currency, expectation=given.expectation,
        submitted_at=given.submitted_at, zone=place.zone, calendar=place.calendar, site=place.site,
        region=place.region, fault_level=given.fault_level, account=given.account,
        nature=given.nature or nature_of(found.topic, given.text),
    )


def claim_of(given: ComplaintIn, found: Sorted, now: datetime) -> Claim:
    """The complaint as the records are asked about it before it is filed."""
    customer = given.customer
    return Claim(
        number="", channel=given.channel, text=given.text, language=given.language or found.language,
        category=found.category, topic=found.topic, level=found.level, filed_at=now, station=given.station,
        evse=given.evse, occurred_at=given.occurred_at, payment_reference=given.payment_reference, order=given.order,
        amount_disputed=given.amount_disputed, currency=given.currency, expectation=given.expectation,
        token=customer.token, phone=customer.phone, email=customer.email, plate=customer.plate,
    )


def _on_record(found: Sorted) -> dict[str, Any]:
    """Why it was classified so: what staff overrule, with a reason."""
    return {
        "category": found.category, "topic": found.topic, "level": found.level, "department": found.department,
        "confidence": round(found.confidence, 4), "because": [str(reason) for reason in found.because],
        "alternatives": [_plain(other) for other in found.alternatives[:SHOWN]], "danger": bool(found.danger),
    }


def _plain(value: Any) -> Any:
    if hasattr(value, "__dataclass_fields__"):
        return asdict(value)
    return list(value) if isinstance(value, tuple) else value


async def file(
    conn: Conn, given: ComplaintIn, files: Sequence[Kept], found: Sorted, *, by: str, now: datetime, zone: str,
    site: str | None = None, notes: Sequence[str] = (),
) -> Case:
    """Store the complaint. `notes` are oddities worth telling staff, e.g. that the station is unknown."""
    place = await sites.place_of(conn, site, zone)
    case = await cases.open_case(conn, filing_of(given, found, place), by=by, now=now, zone=zone)
    body = {
        "channel": case.channel, "attachments": attachments.named(files), "zone": place.zone,
        "calendar": place.calendar, "fault_level": case.fault_level, "submitted_at": case.submitted_at,
    }
    first = await thread.add(conn, case.number, Draft("filed", by, case.text, "customer", body), now)
    assert first is not None
    await attachments.keep(conn, case.number, first.seq, files)
    await thread.add(conn, case.number, Draft("classified", SYSTEM, body=dict(case.classification)), now)
    for note in notes:
        await thread.add(conn, case.number, Draft("note", SYSTEM, note), now)
    await _acknowledge(conn, case, now)
    case = await cases.get(conn, case.number)
    await merging.find_same(conn, case, now)
    await rota.give_owner(conn, case, now)
    policy = await deadlines.policy_now(conn, now)
    await rota.predict(conn, case, policy.usual_handling.total_seconds(), now)
    return await cases.get(conn, case.number)


async def _acknowledge(conn: Conn, case: Case, now: datetime) -> None:
    """The customer gets his number at once. For level 1 that is not enough: a person has to take it up."""
    text = phrases.say("acknowledged", case.language, number=case.number)
    move = None if case.level == 1 else "acknowledge"
    draft = Draft("message", SYSTEM, text, "customer", {"cause": "acknowledged"}, move)
    await thread.add(conn, case.number, draft, now)


def filled(changes: dict[str, Any]) -> dict[str, Any]:
    """A topic brings category, department and nature along, unless those are named too."""
    topic = changes.get("topic")
    if topic is None:
        return changes
    if topic not in CATEGORY_OF:
        raise BadInput("topic", f"must be one of {', '.join(sorted(CATEGORY_OF))}")
    nature = BY_TOPIC.get(topic, "other")
    return {"category": CATEGORY_OF[topic], "department": DEPARTMENT_OF[topic], "nature": nature} | changes
