"""The page on coverage says what the code does."""

from __future__ import annotations

import pytest

from csms.kit.db import Db
from tools.coverage import PAGE, page


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_the_page_on_coverage_is_current(db: Db) -> None:
    assert PAGE.read_text("utf-8") == await page(db), "run: python -m tools.coverage"
