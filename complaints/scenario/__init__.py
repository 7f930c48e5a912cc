"""Scenarios: a case as a scrubbed black-box story that gives the same findings when it is told again.

`scrub` takes away whom and when it was about, `write` makes the scenario, `read` takes one in again.
The format is described in docs/scenarios.md.
"""

from complaints.scenario.make import make as make
from complaints.scenario.read import Scenario as Scenario, load as load, read as read
from complaints.scenario.write import as_yaml as as_yaml
