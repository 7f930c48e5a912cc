"""Whatever is asked, it is never answered as our fault."""

from __future__ import annotations

import base64
import json
from itertools import product
from typing import Any

import pytest

from csms.rest.access import ACCESS
from tests.csms.rest.conftest import Http
from tests.csms.rest.test_money import PAYMENT, TARIFF

WORDS = ["%00", "%FF%FE", "a%0Ab", "x" * 3000, "%F0%9F%94%8C", "..", "'%22;--", "%20", "99999999999999999999"]
VALUES: list[Any] = [
    None, True, -1, 0, 2**31, 2**63 - 1, 2**63, 10**400, 1.5, "", "x" * 100_000, "a\x00", "9999-12-31T23:59:59Z",
    "0001-01-01T00:00:00+14:00", "+012026-01-01T00:00:00Z", "NaN", [], [[]], [None], {}, {"": {}}, [{"evse": 1}],
    "1e999",
]
BODIES: dict[tuple[str, str], dict[str, Any]] = {
    ("PUT", "/stations/{id}"): {"name": "n", "max_power_w": 1, "tariff": "t", "password": "p", "security_profile": 0,
                                "connectors": [{"evse": 1, "connector": 1, "type": "t"}]},
    ("POST", "/stations/{id}/commands"): {"action": "UnlockConnector", "payload": {"connectorId": 1}, "reason": "r",
                                          "override": False, "wait_s": 0, "queue_until": None},
    ("POST", "/stations/{id}/log"): {"reason": "r", "type": "DiagnosticsLog"},
    ("POST", "/stations/{id}/password"): {"password": "p" * 20, "reason": "r", "wait_s": 0, "queue_until": None},
    ("PUT", "/tokens/{token}"): {"status": "Accepted", "type": "t", "parent": "p", "expires_at": None, "customer": "c"},
    ("PUT", "/tariffs/{id}"): TARIFF,
    ("POST", "/payments"): PAYMENT,
}
READS = sorted(path for method, path in ACCESS if method == "GET")


KEYS: list[Any] = [
    [], [1], ["a"], [None], ["2026-11-22T01:00:00Z", "a"], ["2026-11-22T01:00:00Z", "a", 2**70], ["a", "b", "c", "d"],
    ["", "", "", "", 2**40, 1, ""], {}, 7, [2**63 - 1], ["\x00"], [True], ["\ud800"], [float("nan")],
]


def cursors() -> list[str]:
    """Pages that we never gave out."""
    made = [base64.urlsafe_b64encode(json.dumps(key).encode()).decode() for key in KEYS]
    return [*made, base64.urlsafe_b64encode(b"\xff").decode(), "a", "=", "é"]


def filled(path: str, word: str) -> str:
    return path.replace("{id}", word).replace("{token}", word)


@pytest.mark.parametrize("path", READS)
async def test_no_question_is_our_fault(http: Http, path: str) -> None:
    await http("PUT", "/stations/x", {})
    names = ("station", "from", "to", "token", "state", "open", "site", "limit", "cursor", "reference", "code")
    asked = [filled(path, word) for word in WORDS]
    asked += [f"{filled(path, 'x')}?{name}={word}" for name, word in product(names, WORDS)]
    asked += [f"{filled(path, 'x')}?reference=r&cursor={cursor}" for cursor in cursors()]
    for place in asked:
        answer = await http.client.get(f"/api/v1{place}", headers={"Authorization": "Bearer admin"})
        assert answer.status_code < 500, place


@pytest.mark.parametrize("key", sorted(BODIES))
async def test_no_body_is_our_fault(http: Http, key: tuple[str, str]) -> None:
    (method, path), good = key, BODIES[key]
    await http("PUT", "/stations/x", {})
    for field, value in product([*good, "other"], VALUES):
        text = json.dumps(good | {field: value})
        status, answer = await http(method, filled(path, "x"), text)
        assert status < 500, (field, value, answer)
    for body in [*map(json.dumps, VALUES), "", "{", '{"a": NaN}', '{"name": "\\ud800"}', "\ufeff{}"]:
        status, answer = await http(method, filled(path, "x"), body)
        assert status < 500, (body, answer)
    for word in WORDS:
        status, answer = await http(method, filled(path, word), good)
        assert status < 500, (word, answer)
