"""Fixtures for tests of the desk."""

from __future__ import annotations

import pytest

from csms.kit.clock import SetClock
from csms.kit.db import Db
from tests.complaints.desk import Bench


@pytest.fixture
def bench(db: Db, clock: SetClock) -> Bench:
    return Bench(db, clock)
