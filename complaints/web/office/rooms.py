"""The office's rooms, as the navigation names them, and who enters each."""

from __future__ import annotations

from complaints.web.tongue import N_

DESK = ("agent", "technician", "finance", "supervisor")
READS = (*DESK, "auditor")
PAYS = ("finance", "supervisor", "auditor")

ROOMS: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
    ("office", "/desk/office", N_("Overview"), READS),
    ("hotline", "/desk/hotline", N_("Hotline"), ("agent", "supervisor")),
    ("incidents", "/desk/incidents", N_("Incidents"), READS),
    ("refunds", "/desk/refunds", N_("Refunds"), READS),
    ("orders", "/desk/orders", N_("Work orders"), READS),
    ("upkeep", "/desk/upkeep", N_("Upkeep"), READS),
    ("knowledge", "/desk/knowledge", N_("Knowledge"), READS),
    ("reports", "/desk/reports", N_("Reports"), ("supervisor", "auditor", "finance")),
    ("audit", "/desk/audit", N_("Audit"), ("auditor", "supervisor")),
    ("settings", "/desk/settings", N_("Settings"), ("supervisor", "auditor")),
)
"""(code, address, name, roles)."""
