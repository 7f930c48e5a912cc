"""Complaints over HTTP, as the contract has it. Thin: words in, desk, words out."""

from complaints.rest.complaints import FILERS, INTERNAL, READERS, router

__all__ = ["FILERS", "INTERNAL", "READERS", "router"]
