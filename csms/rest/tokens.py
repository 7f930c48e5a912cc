"""Tokens over HTTP: cards and app identities, and whether they may charge."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Response
from pydantic import Field

from csms.api import Csms
from csms.errors import NotFound
from csms.rest import shapes
from csms.rest.access import PREFIX, admit
from csms.rest.http import Page, page
from csms.rest.inputs import Body, Moment, Named, Text, after, given, text

Paging = Annotated[Page, Depends(page)]


class TokenBody(Body):
    status: Literal["Accepted", "Blocked", "Expired", "Invalid"]
    type: Text | None = Field(None, examples=["ISO14443"])
    parent: Text | None = Field(None, description="Its group: tokens with one parent may stop each other's sessions.")
    expires_at: Annotated[Moment | None, Field(strict=False)] = None
    customer: Text | None = None


def router(csms: Csms) -> APIRouter:
    routes = APIRouter(prefix=PREFIX, tags=["tokens"], dependencies=[Depends(admit)])

    @routes.put("/tokens/{token}", response_model=shapes.TokenShape)
    async def put_token(token: Named, body: TokenBody) -> Response:
        """201 when it is new. The body is all that is known of it from now on."""
        new = await csms.put_token(token, given(body))
        return shapes.json(await known(csms, token), 201 if new else 200)

    @routes.get("/tokens", response_model=shapes.Listing[shapes.TokenShape])
    async def list_tokens(page: Paging) -> Response:
        (start,) = after(page, text) or ("",)
        found = await csms.tokens(after=start, limit=page.limit + 1)
        items, following = page.cut(found, lambda row: [row["token"]])
        return shapes.paged([shapes.token(row) for row in items], following)

    @routes.get("/tokens/{token}", response_model=shapes.TokenShape)
    async def get_token(token: Named) -> Response:
        return shapes.json(await known(csms, token))

    return routes


async def known(csms: Csms, token: str) -> dict[str, object]:
    row = await csms.token(token)
    if row is None:
        raise NotFound(f"no token {token}")
    return shapes.token(row)
