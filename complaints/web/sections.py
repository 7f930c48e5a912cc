"""The desk's navigation: one line a section, in the order in which they stand."""

from __future__ import annotations

from dataclasses import dataclass

from complaints.web.tongue import N_


@dataclass(frozen=True, slots=True)
class Section:
    """`name` is what a template sets as `section`; `roles` None: everybody at the desk (admins see all)."""

    name: str
    path: str
    words: str
    roles: tuple[str, ...] | None = None


SECTIONS = (
    Section("cases", "/desk", N_("Complaints")),
    Section("stations", "/desk/stations", N_("Stations")),
    Section("mine", "/desk/mine", N_("My orders"), ("technician",)),
    Section("office", "/desk/office", N_("Office")),
    Section("help", "/desk/help", N_("Help")),
)
