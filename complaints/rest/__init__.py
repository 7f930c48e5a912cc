"""Complaints over HTTP, as the contract has it. Thin: words in, desk, words out."""

from fastapi import APIRouter

from complaints.office import Office
from complaints.rest import office as _office, record as _record, reports as _reports, staff as _staff
from complaints.rest.complaints import FILERS, INTERNAL, READERS, router


def office_routers(office: Office) -> list[APIRouter]:
    """Everything besides cases."""
    return [_office.router(office), _record.router(office), _reports.router(office), _staff.router(office)]


__all__ = ["FILERS", "INTERNAL", "READERS", "office_routers", "router"]
