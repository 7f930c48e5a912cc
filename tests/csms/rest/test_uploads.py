"""Logs that stations bring to one-time URLs."""

from __future__ import annotations

import asyncio
import hashlib
from datetime import timedelta
from urllib.parse import urlsplit

import pytest

from csms.rest import shapes
from csms.uploads import clean_name
from tests.csms.rest.conftest import Http

LOG = b"line\n" * 50_000


async def asked_for(http: Http) -> str:
    """The path of a URL that a connected station was given."""
    await http("PUT", "/stations/CS-1", {})
    plug = await http.plug("CS-1", GetDiagnostics={"fileName": "diag.zip"})
    status, asked = await http("POST", "/stations/CS-1/log", {"reason": "see why", "wait_s": 5}, role="technician")
    assert (status, asked["state"], asked["effect"]) == (200, "accepted", "pending")
    [(action, payload)] = plug.asked
    assert action == "GetDiagnostics"
    assert payload["location"].startswith("http://csms.test/uploads/")
    return urlsplit(payload["location"]).path


async def test_a_log_is_brought_once_and_is_the_effect_of_its_command(http: Http) -> None:
    path = await asked_for(http)
    answer = await http.client.put(f"{path}/diag 1.zip", content=LOG)
    assert answer.status_code == 201
    assert answer.json() == {"name": "diag 1.zip", "bytes": len(LOG), "sha256": hashlib.sha256(LOG).hexdigest()}
    _, page = await http("GET", "/uploads?station=CS-1")
    shapes.Listing[shapes.UploadShape].model_validate(page)
    [upload] = page["items"]
    assert upload["received_at"]
    assert path.rpartition("/")[2] not in str(page)
    _, command = await http("GET", f"/commands/{upload['command']}")
    assert command["effect"] == "observed"
    file = await http.client.get(f"/api/v1/uploads/{upload['id']}/file", headers={"Authorization": "Bearer agent"})
    assert file.content == LOG
    assert file.headers["content-disposition"].startswith("attachment")
    assert (await http.client.put(path, content=b"again")).status_code == 404
    assert [e.kind for e in await http.centre.csms.events_after(0)].count("upload.received") == 1
    assert len(list(http.uploads.iterdir())) == 1


async def test_a_form_is_taken_too_and_its_name_is_made_harmless(http: Http) -> None:
    path = await asked_for(http)
    answer = await http.client.post(path, files={"file": ("../../etc/pass wd", LOG)})
    assert (answer.status_code, answer.json()["name"]) == (201, "pass wd")


async def test_a_file_brought_to_the_bare_address_has_the_name_its_station_announced(http: Http) -> None:
    answer = await http.client.put(await asked_for(http), content=LOG)
    assert (answer.status_code, answer.json()["name"]) == (201, "diag.zip")


async def test_two_at_once_leave_one_file(http: Http) -> None:
    path = await asked_for(http)
    answers = await asyncio.gather(*(http.client.put(path, content=LOG) for _ in range(5)))
    assert sorted(a.status_code for a in answers) == [201, 404, 404, 404, 404]
    assert len(list(http.uploads.iterdir())) == 1


async def test_nothing_is_taken_at_an_unknown_or_an_old_address(http: Http) -> None:
    assert (await http.client.put("/uploads/guess", content=LOG)).status_code == 404
    path = await asked_for(http)
    now = http.centre.csms.clock()
    http.centre.csms.clock = lambda: now + timedelta(hours=1, seconds=1)
    assert (await http.client.put(path, content=LOG)).status_code == 404


async def test_an_empty_or_too_large_file_leaves_the_address_good(http: Http) -> None:
    path = await asked_for(http)
    assert (await http.client.put(path, content=b"")).status_code == 422
    assert (await http.client.put(path, content=b"x" * (2 << 20))).status_code == 413

    async def unannounced():
        for _ in range(32):
            yield b"x" * (64 << 10)

    assert (await http.client.put(path, content=unannounced())).status_code == 413
    assert not [f for f in http.uploads.iterdir() if f.stat().st_size > 1 << 20]


async def test_what_is_wrong_with_a_log_request_is_named(http: Http) -> None:
    await http("PUT", "/stations/CS-1", {})
    assert await http.refused("POST", "/stations/CS-1/log", {"type": "Diary"}) == (422, ["type"])
    assert await http.refused("POST", "/stations/CS-1/log", {"wait_s": -1}) == (422, ["wait_s"])
    assert (await http("GET", "/uploads/nothing/file"))[0] == 404


@pytest.mark.parametrize(
    ("said", "shown"),
    [("diag.zip", "diag.zip"), ("../../etc/passwd", "passwd"), ("C:\\logs\\a.txt", "a.txt"), (".hidden", "hidden"),
     ("", "log"), ("日志 1.zip", "日志 1.zip"), ("a\x00\n<b>.log", "a_b_.log"), ("x" * 300, "x" * 100), ("..", "log")],
)
def test_a_file_s_name_is_fit_to_be_shown(said: str, shown: str) -> None:
    assert clean_name(said) == shown


async def test_a_form_without_a_file_is_told_so(http: Http) -> None:
    path = await asked_for(http)
    form = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n--x--\r\n'
    answer = await http.client.post(path, content=form, headers={"Content-Type": "multipart/form-data; boundary=x"})
    assert (answer.status_code, answer.json()["detail"]) == (400, "The form brings no file.")
    assert (await http.client.post(path, content=LOG)).status_code == 201
