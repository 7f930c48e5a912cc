"""Tariffs and payments over HTTP."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response
from pydantic import Field, WithJsonSchema

from csms import payments, tariffs
from csms.api import Csms
from csms.errors import BadInput, NotFound
from csms.rest import shapes
from csms.rest.access import PREFIX, admit
from csms.rest.http import Page, page
from csms.rest.inputs import Body, MomentText, Named, Wanted, after, moment, text

Paging = Annotated[Page, Depends(page)]

# Read by the features themselves, which say what is wrong in the words of money; here they are only described.
Money = Annotated[Any, WithJsonSchema({"type": "string", "pattern": r"^\d+(\.\d+)?$", "examples": ["12.30"]})]
Currency = Annotated[Any, WithJsonSchema({"type": "string", "pattern": "^[A-Z]{3}$", "examples": ["CNY"]})]
Clock = Annotated[Any, WithJsonSchema({"type": "string", "examples": ["08:00", "24:00"]})]
Words = Annotated[Any, WithJsonSchema({"type": "string", "maxLength": 255})]


class PeriodShape(Body):
    from_: Clock = Field(alias="from")
    to: Clock
    energy_price: Money
    service_price: Money = None


class IdleShape(Body):
    grace_minutes: int = 0
    price_per_minute: Money
    cap: Money = None


class TariffBody(Body):
    currency: Currency
    timezone: Annotated[Any, WithJsonSchema({"type": "string", "examples": ["Asia/Shanghai"]})]
    valid_from: MomentText
    periods: Annotated[list[PeriodShape], Field(min_length=1, max_length=200)]
    start_fee: Money = None
    idle: IdleShape | None = None


class TariffShape(TariffBody):
    id: str


class TariffVersions(TariffShape):
    versions: list[TariffShape] = Field(description="All of them, newest last.")


class PaymentBody(Body):
    reference: Words = Field(description="The payment's own, unique for good.")
    kind: Annotated[Any, WithJsonSchema({"enum": list(payments.KINDS)})]
    amount: Money
    currency: Currency
    at: MomentText
    method: Words = None
    payer: Words = None
    merchant: Words = None
    token: Words = None
    station: Words = None
    evse: Annotated[int, Field(ge=0, le=9999)] | None = None
    transaction: Words = Field(None, description="Our id, or with `station` its number or reference.")
    order: Words = None
    of: Words = Field(None, description="Reference of the payment it voids or refunds.")


def router(csms: Csms) -> APIRouter:
    routes = APIRouter(prefix=PREFIX, tags=["money"], dependencies=[Depends(admit)])
    conflict: dict[int | str, dict[str, Any]] = {409: {"model": shapes.Problem, "description": "Known otherwise."}}

    @routes.put("/tariffs/{id}", response_model=TariffShape, responses=conflict)
    async def put_tariff(id: Named, body: TariffBody) -> Response:
        """A version: 201 when it is new, 200 when it was known. Another one from the same moment is refused."""
        tariff, new = await csms.put_tariff(id, body.model_dump(by_alias=True, exclude_none=True))
        return shapes.json(tariffs.as_json(tariff), 201 if new else 200)

    @routes.get("/tariffs", response_model=shapes.Listing[TariffShape])
    async def list_tariffs(page: Paging) -> Response:
        """The newest version of each."""
        (start,) = after(page, text) or ("",)
        found = await csms.tariffs(after=start, limit=page.limit + 1)
        items, following = page.cut(found, lambda t: [t.id])
        return shapes.paged([tariffs.as_json(t) for t in items], following)

    @routes.get("/tariffs/{id}", response_model=TariffVersions)
    async def get_tariff(id: Named) -> Response:
        """The newest version, and all versions."""
        versions = [tariffs.as_json(t) for t in await csms.tariff_versions(id)]
        if not versions:
            raise NotFound(f"no tariff {id}")
        return shapes.json({**versions[-1], "versions": versions})

    @routes.post("/payments", response_model=PaymentBody, status_code=201, responses=conflict)
    async def post_payment(body: PaymentBody) -> Response:
        """201; the same body again 200; the same reference with another body 409."""
        payment = payments.read(body.model_dump())
        new = await csms.record_payment(payment)
        return shapes.json(payments.as_json(payment), 201 if new else 200)

    @routes.get("/payments", response_model=shapes.Listing[PaymentBody])
    async def list_payments(
        page: Paging, reference: Wanted = None, order: Wanted = None, token: Wanted = None, station: Wanted = None,
        transaction: Wanted = None,
    ) -> Response:
        """By any of these, and whatever shares an order, a transaction or a refund with what is found."""
        if not (reference or order or token or station or transaction):
            raise BadInput("reference", "give a reference, an order, a token, a transaction or a station")
        found = await csms.payments_of(
            references=one(reference), orders=one(order), tokens=one(token), transactions=one(transaction),
            station=station,
        )
        start: Any = after(page, moment, text)
        rest = [p for p in found if start is None or (p.at, p.reference) > start]
        items, following = page.cut(rest, lambda p: [p.at, p.reference])
        return shapes.paged([payments.as_json(p) for p in items], following)

    return routes


def one(value: str | None) -> list[str]:
    return [value] if value else []
