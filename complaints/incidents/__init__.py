"""Incidents: what many suffer for one cause is found, told and solved together."""

from complaints.incidents.group import Cause, Report, group, silent_connectors
from complaints.incidents.look import Lookout

__all__ = ["Cause", "Lookout", "Report", "group", "silent_connectors"]
