"""Verdict, liability and remedies, composed from findings and bill by tables anyone can read."""

from complaints.verdict.explain import explain as explain
from complaints.verdict.note import agent_note as agent_note
from complaints.verdict.remedies import remedies as remedies
from complaints.verdict.table import Decision as Decision, decide as decide
