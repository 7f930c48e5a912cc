"""Who may do what over HTTP: one table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from fastapi import Depends, HTTPException, Request

from csms.rest.http import Principal, principal

PREFIX = "/api/v1"

EVERYONE: tuple[str, ...] = ()
"""Whoever has a valid token; `admin` may do everything."""

FIELD = ("agent", "technician", "supervisor", "integration")
SETUP = ("supervisor", "integration")

ACCESS: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("GET", "/stations"): EVERYONE,
    ("GET", "/stations/{id}"): EVERYONE,
    ("PUT", "/stations/{id}"): ("technician", *SETUP),
    ("GET", "/stations/{id}/frames"): EVERYONE,
    ("GET", "/stations/{id}/faults"): EVERYONE,
    ("GET", "/stations/{id}/variables"): EVERYONE,
    ("GET", "/stations/{id}/profiles"): EVERYONE,
    ("GET", "/stations/{id}/limits"): EVERYONE,
    ("GET", "/stations/{id}/composites"): EVERYONE,
    ("GET", "/stations/{id}/local-list"): EVERYONE,
    ("GET", "/stations/{id}/monitors"): EVERYONE,
    ("GET", "/stations/{id}/displays"): EVERYONE,
    ("GET", "/stations/{id}/certificates"): EVERYONE,
    ("GET", "/stations/{id}/firmware"): EVERYONE,
    ("GET", "/stations/{id}/firmware/statuses"): EVERYONE,
    ("GET", "/stations/{id}/notices"): EVERYONE,
    ("GET", "/stations/{id}/network-profiles"): ("technician", "auditor", *SETUP),
    ("GET", "/stations/{id}/customer-information"): ("agent", "auditor", *SETUP),
    ("GET", "/stations/{id}/resets"): EVERYONE,
    ("GET", "/stations/{id}/grid-controls"): EVERYONE,
    ("GET", "/stations/{id}/streams"): EVERYONE,
    ("GET", "/stations/{id}/streams/{number}/values"): EVERYONE,
    ("GET", "/stations/{id}/battery-swaps"): EVERYONE,
    ("GET", "/stations/{id}/tariffs"): EVERYONE,
    ("GET", "/settlements"): ("agent", "finance", "supervisor", "auditor", "integration"),
    ("GET", "/resets"): EVERYONE,
    ("GET", "/reservations"): EVERYONE,
    ("GET", "/certificate-requests"): ("technician", "auditor", *SETUP),
    ("GET", "/register-semantics"): EVERYONE,
    ("PUT", "/register-semantics"): ("technician", *SETUP),
    ("DELETE", "/register-semantics"): ("technician", *SETUP),
    ("POST", "/stations/{id}/commands"): FIELD,
    ("POST", "/stations/{id}/log"): FIELD,
    ("POST", "/stations/{id}/password"): ("technician", *SETUP),
    ("GET", "/stations/{id}/security-events"): EVERYONE,
    ("GET", "/security-events"): EVERYONE,
    ("POST", "/certificate-requests/{id}/sign"): ("supervisor",),
    ("GET", "/issued-certificates"): ("technician", "auditor", *SETUP),
    ("POST", "/issued-certificates/{serial}/revoke"): ("supervisor",),
    ("GET", "/knocks"): EVERYONE,
    ("GET", "/faults"): EVERYONE,
    ("GET", "/episodes"): EVERYONE,
    ("GET", "/stations/{id}/episodes"): EVERYONE,
    ("GET", "/commands"): EVERYONE,
    ("GET", "/commands/{id}"): EVERYONE,
    ("GET", "/transactions"): EVERYONE,
    ("GET", "/transactions/{id}"): EVERYONE,
    ("GET", "/transactions/{id}/readings"): EVERYONE,
    ("GET", "/tokens"): EVERYONE,
    ("GET", "/tokens/{token}"): EVERYONE,
    ("PUT", "/tokens/{token}"): ("agent", *SETUP),
    ("GET", "/tariffs"): EVERYONE,
    ("GET", "/tariffs/{id}"): EVERYONE,
    ("PUT", "/tariffs/{id}"): ("finance", *SETUP),
    ("GET", "/payments"): ("agent", "finance", "supervisor", "auditor", "integration"),
    ("POST", "/payments"): ("finance", *SETUP),
    ("POST", "/journal"): SETUP,
    ("GET", "/journal/verify"): EVERYONE,
    ("GET", "/journal/export"): ("technician", "auditor", *SETUP),
    ("GET", "/repairs"): EVERYONE,
    ("GET", "/quarantine"): EVERYONE,
    ("GET", "/suspects"): EVERYONE,
    ("GET", "/uploads"): EVERYONE,
    ("GET", "/uploads/{id}/file"): ("agent", "technician", "supervisor", "auditor", "integration"),
}


async def admit(request: Request, who: Annotated[Principal, Depends(principal)]) -> Principal:
    """Dependency of every router: 403 for a role the table does not name."""
    roles = ACCESS[request.method, request.scope["route"].path.removeprefix(PREFIX)]
    if roles and not who.may(*roles):
        raise HTTPException(403, f"The role {who.role} may not do this; {', '.join(roles)} or admin may.")
    return who


Who = Annotated[Principal, Depends(admit)]
