"""A case on paper and as a bundle: self-contained, and checkable by anyone with nothing but Python."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.complaints.desk import Bench
from tests.complaints.test_rest_complaints import Caller, call, filed, is_problem

__all__ = ["call"]


async def unpacked(call: Caller, number: str, into: Path, role: str = "auditor") -> Path:
    answer = await call("GET", f"/complaints/{number}/export.zip", role=role)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/zip"
    zipfile.ZipFile(io.BytesIO(answer.content)).extractall(into)
    return into / number


def verified(folder: Path) -> tuple[int, str]:
    """As a stranger would: another interpreter, isolated, without any package."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(folder / "verify.py")], capture_output=True, text=True, timeout=60, check=False
    )
    return done.returncode, done.stdout + done.stderr


async def a_case(bench: Bench, call: Caller) -> str:
    number = await filed(bench, call, text="付了30块一度电没充进去 <script>alert(1)</script>")
    await call("POST", f"/complaints/{number}/entries", {"audience": "internal", "text": "watch this one"},
               role="supervisor")
    await bench.pay("P-2", "30.00", 0, station="CS-1", evse=1, token="T1", transaction="9001")
    await call("POST", f"/complaints/{number}/assessment", {"reason": "a second capture"})
    return number


async def test_the_bundle_is_whole_and_says_so_by_itself(bench: Bench, call: Caller, tmp_path: Path) -> None:
    number = await a_case(bench, call)
    folder = await unpacked(call, number, tmp_path)
    status, said = verified(folder)
    assert status == 0, said
    assert "2 versions of the assessment" in said
    assert "everything fits" in said
    lines = [json.loads(line) for line in (folder / "frames.ndjson").read_text().splitlines()]
    assert {"StartTransaction", "StopTransaction"} <= {x["frame"][2] for x in lines if x["kind"] == "received"}
    assert json.loads((folder / "findings.json").read_text())[0]["refs"]
    assert (folder / "evidence" / "v1.json").exists()


async def test_its_frames_are_a_journal_that_can_be_brought_in(bench: Bench, call: Caller, tmp_path: Path) -> None:
    number = await a_case(bench, call)
    folder = await unpacked(call, number, tmp_path)
    report = await bench.csms.archive.import_lines((folder / "frames.ndjson").read_bytes().splitlines(), dry_run=True)
    assert report.accepted
    assert not report.rejected


def replaced(name: str, old: str, new: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        path = folder / name
        text = path.read_text(encoding="utf-8")
        assert old in text, old
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return change


def without_the_manifest(folder: Path) -> None:
    """A forger who makes the manifest fit as well."""
    import hashlib

    manifest = json.loads((folder / "manifest.json").read_text())
    for name in manifest["files"]:
        if (folder / name).exists():
            manifest["files"][name]["sha256"] = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        else:
            manifest["files"] = {n: f for n, f in manifest["files"].items() if n != name}
    (folder / "manifest.json").write_text(json.dumps(manifest))


def drop_a_frame(folder: Path) -> None:
    path = folder / "frames.ndjson"
    rows = path.read_text().splitlines(keepends=True)
    path.write_text("".join(rows[:2] + rows[3:]))


def drop_an_entry(folder: Path) -> None:
    path = folder / "thread.ndjson"
    rows = path.read_text().splitlines(keepends=True)
    path.write_text("".join(rows[:1] + rows[2:]))


@pytest.mark.parametrize(("tamper", "told"), [
    (replaced("frames.ndjson", "180232", "189232"), "frame CS-1:"),
    (replaced("evidence/v1.json", '"upheld"', '"not_upheld"'), "checksum of version 1"),
    (replaced("assessments.json", '"verdict": "upheld"', '"verdict": "not_upheld"'), "differ from the evidence"),
    (replaced("thread.ndjson", "30", "40"), "entry 1: altered"),
    (drop_a_frame, "is missing"),
    (drop_an_entry, "does not follow"),
    (lambda folder: (folder / "readings.ndjson").unlink(), "missing"),
    (lambda folder: (folder / "more.txt").write_text("x"), "not part of the export"),
])
@pytest.mark.parametrize("forger", [False, True])
async def test_whatever_is_altered_is_named(
    bench: Bench, call: Caller, tmp_path: Path, tamper: Callable[[Path], None], told: str, forger: bool
) -> None:
    folder = await unpacked(call, await a_case(bench, call), tmp_path)
    tamper(folder)
    if forger:
        if told in ("missing", "not part of the export"):
            pytest.skip("that is what the manifest is for")
        without_the_manifest(folder)
    status, said = verified(folder)
    assert status == 1, said
    assert told in said or (not forger and "altered since it was exported" in said)


async def test_what_is_internal_is_withheld_from_an_agent_and_the_chain_still_holds(
    bench: Bench, call: Caller, tmp_path: Path
) -> None:
    number = await a_case(bench, call)
    folder = await unpacked(call, number, tmp_path / "agent", role="agent")
    assert "watch this one" not in (folder / "thread.ndjson").read_text()
    assert "watch this one" not in (folder / "case.html").read_text()
    status, said = verified(folder)
    assert status == 0, said
    assert "1 of them withheld" in said
    whole = await unpacked(call, number, tmp_path / "auditor")
    assert "watch this one" in (whole / "thread.ndjson").read_text()


@pytest.mark.parametrize(("lang", "word"), [("zh-Hans", "查明事实"), ("zh-Hant", "查明事實"), ("en", "Findings")])
async def test_the_page_needs_nothing_else_and_runs_nothing(
    bench: Bench, call: Caller, lang: str, word: str
) -> None:
    number = await a_case(bench, call)
    answer = await call("GET", f"/complaints/{number}/export.html?lang={lang}", role="supervisor")
    html = answer.text
    assert answer.headers["content-type"].startswith("text/html")
    assert word in html
    assert f'lang="{lang}"' in html
    assert "energy.none" in html
    assert "<script" not in html
    assert not re.search(r"(src|href|action)\s*=|url\(|@import|http-equiv=.refresh", html)
    assert "@media print" in html


async def test_an_export_is_on_record_with_its_hash(bench: Bench, call: Caller) -> None:
    number = await a_case(bench, call)
    answer = await call("GET", f"/complaints/{number}/export.zip", role="auditor")
    entry = (await call("GET", f"/complaints/{number}")).json()["entries"][-1]
    assert (entry["type"], entry["author"], entry["audience"]) == ("export", "auditor", "internal")
    assert entry["body"]["sha256"] == answer.headers["x-sha256"]
    assert await bench.desk.first_broken(number) is None


async def test_only_some_roles_may_take_a_case_out(bench: Bench, call: Caller) -> None:
    number = await a_case(bench, call)
    for role in ("finance", "technician", "integration"):
        is_problem(await call("GET", f"/complaints/{number}/export.zip", role=role), 403)
        is_problem(await call("GET", f"/complaints/{number}/export.html", role=role), 403)
    is_problem(await call("GET", "/complaints/C20990101-000001/export.html"), 404)
