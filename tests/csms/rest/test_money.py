"""Tariffs and payments over HTTP."""

from __future__ import annotations

import pytest

from csms.rest import money, shapes
from tests.csms.rest.conftest import Http

TARIFF = {
    "currency": "CNY", "timezone": "Asia/Shanghai", "valid_from": "2026-01-01T00:00:00Z", "start_fee": "1.00",
    "periods": [
        {"from": "00:00", "to": "08:00", "energy_price": "0.40", "service_price": "0.30"},
        {"from": "08:00", "to": "24:00", "energy_price": "0.90", "service_price": "0.60"},
    ],
    "idle": {"grace_minutes": 10, "price_per_minute": "0.40", "cap": "20.00"},
}
PAYMENT = {
    "reference": "P-1", "kind": "capture", "amount": "30.00", "currency": "CNY", "at": "2026-11-22T01:00:00Z",
    "method": "wechat", "token": "T1", "station": "CS-1", "evse": 1, "order": "O-1",
}


async def test_a_tariff_grows_by_versions_that_stay(http: Http) -> None:
    status, first = await http("PUT", "/tariffs/T1", TARIFF, role="finance")
    assert status == 201
    money.TariffShape.model_validate(first)
    assert {k: first[k] for k in ("currency", "periods", "start_fee", "idle")} == {
        k: TARIFF[k] for k in ("currency", "periods", "start_fee", "idle")
    }
    assert (await http("PUT", "/tariffs/T1", TARIFF))[0] == 200
    assert (await http("PUT", "/tariffs/T1", TARIFF | {"start_fee": "2.00"}))[0] == 409
    later = TARIFF | {"start_fee": "2", "valid_from": "2026-06-01T00:00:00+08:00"}
    assert (await http("PUT", "/tariffs/T1", later))[0] == 201
    _, shown = await http("GET", "/tariffs/T1")
    money.TariffVersions.model_validate(shown)
    assert (shown["start_fee"], [v["start_fee"] for v in shown["versions"]]) == ("2", ["1.00", "2"])
    await http("PUT", "/tariffs/T2", TARIFF)
    _, page = await http("GET", "/tariffs?limit=1")
    _, rest = await http("GET", f"/tariffs?limit=1&cursor={page['next_cursor']}")
    assert [t["id"] for t in page["items"] + rest["items"]] == ["T1", "T2"]
    assert (await http("GET", "/tariffs/T9"))[0] == 404


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"currency": "yuan"}, "currency"),
        ({"timezone": "Mars/Base"}, "timezone"),
        ({"valid_from": "soon"}, "valid_from"),
        ({"valid_from": "0001-01-01T00:00:00+14:00"}, "valid_from"),
        ({"periods": []}, "periods"),
        ({"periods": [{"from": "00:00", "to": "20:00", "energy_price": "1"}]}, "periods[0].to"),
        ({"periods": [{"from": "00:00", "to": "24:00", "energy_price": 0.4}]}, "periods[0].energy_price"),
        ({"periods": [{"from": "00:00", "to": "24:00"}]}, "periods[0].energy_price"),
        ({"periods": [{"from": "00:00", "to": "24:00", "energy_price": "1", "tax": "1"}]}, "periods[0].tax"),
        ({"idle": {"grace_minutes": -1, "price_per_minute": "1"}}, "idle.grace_minutes"),
        ({"idle": {"grace_minutes": 10}}, "idle.price_per_minute"),
        ({"idel": {}}, "idel"),
    ],
)
async def test_what_is_wrong_with_a_tariff_is_named(http: Http, wrong: dict, field: str) -> None:
    assert await http.refused("PUT", "/tariffs/T1", TARIFF | wrong) == (422, [field])


async def test_a_payment_is_recorded_once(http: Http) -> None:
    status, made = await http("POST", "/payments", PAYMENT, role="finance")
    assert status == 201
    assert made == PAYMENT | {"at": "2026-11-22T01:00:00.000Z"}
    assert (await http("POST", "/payments", PAYMENT))[0] == 200
    status, problem = await http("POST", "/payments", PAYMENT | {"amount": "31.00"})
    assert (status, problem["status"]) == (409, 409)


async def test_payments_are_found_with_what_belongs_to_them(http: Http) -> None:
    await http("POST", "/payments", PAYMENT)
    await http("POST", "/payments", PAYMENT | {"reference": "P-2", "at": "2026-11-22T01:05:00Z"})
    await http("POST", "/payments", PAYMENT | {"reference": "P-3", "order": "O-3", "token": "T3", "station": "CS-3"})
    for query, found in {
        "reference=P-1": ["P-1", "P-2"], "order=O-3": ["P-3"], "token=T1": ["P-1", "P-2"], "station=CS-3": ["P-3"],
    }.items():
        _, page = await http("GET", f"/payments?{query}")
        shapes.Listing[money.PaymentBody].model_validate(page)
        assert [p["reference"] for p in page["items"]] == found, query
    _, page = await http("GET", "/payments?order=O-1&limit=1")
    _, rest = await http("GET", f"/payments?order=O-1&limit=1&cursor={page['next_cursor']}")
    assert [p["reference"] for p in page["items"] + rest["items"]] == ["P-1", "P-2"]
    assert await http.refused("GET", "/payments") == (422, ["reference"])


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"reference": None}, "reference"),
        ({"kind": "gift"}, "kind"),
        ({"amount": "-1"}, "amount"),
        ({"amount": 1.5}, "amount"),
        ({"currency": "cny"}, "currency"),
        ({"at": "yesterday"}, "at"),
        ({"evse": "one"}, "evse"),
        ({"evse": 2**40}, "evse"),
        ({"order": {}}, "order"),
        ({"oder": "O-1"}, "oder"),
        ({"order": "a\x00"}, "order"),
    ],
)
async def test_what_is_wrong_with_a_payment_is_named(http: Http, wrong: dict, field: str) -> None:
    assert await http.refused("POST", "/payments", PAYMENT | wrong) == (422, [field])


async def test_a_payment_s_missing_fields_are_all_named(http: Http) -> None:
    status, fields = await http.refused("POST", "/payments", {})
    assert (status, set(fields)) == (422, {"reference", "kind", "amount", "currency", "at"})
