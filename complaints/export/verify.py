"""Checks an exported case: python3 verify.py [folder]. Needs nothing but Python's standard library.

Prints what was checked and what does not fit; ends with status 1 if anything does not.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

Line = dict[str, Any]

GENESIS = "00" * 32


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def lines(path: Path) -> list[Line]:
    text = path.read_text(encoding="utf-8")
    return [json.loads(line) for line in text.split("\n") if line.strip()]


def check_files(folder: Path, wrong: list[str]) -> str:
    """Every file is there and is what it was."""
    files = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["files"]
    for name, told in files.items():
        path = folder / name
        if not path.is_file():
            wrong.append(f"{name}: missing")
        elif sha256(path.read_bytes()) != told["sha256"]:
            wrong.append(f"{name}: altered since it was exported")
    there = {str(p.relative_to(folder)).replace("\\", "/") for p in folder.rglob("*") if p.is_file()}
    wrong += [f"{name}: not part of the export" for name in sorted(there - set(files) - {"manifest.json"})
              if "__pycache__" not in name]
    return f"{len(files)} files"


def check_versions(folder: Path, wrong: list[str]) -> str:
    """Each version's checksum is that of its evidence, and its judgement is the one in there."""
    assessments = json.loads((folder / "assessments.json").read_text(encoding="utf-8"))
    for one in assessments:
        name = f"evidence/v{one['version']}.json"
        plain = (folder / name).read_bytes()
        if sha256(plain) != one["checksum"]:
            wrong.append(f"{name}: does not fit the checksum of version {one['version']}")
            continue
        judged = json.loads(plain)["judgement"]
        differing = [key for key, value in judged.items() if one.get(key) != value]
        if differing:
            wrong.append(f"version {one['version']}: {', '.join(differing)} differ from the evidence it rests on")
    return f"{len(assessments)} versions of the assessment"


def link(prev: str, line: Line) -> str:
    """The hash of a journal row, as the central system makes it."""
    at = line["at"].replace("Z", "+00:00")
    if at.endswith(".000000+00:00"):
        at = at.replace(".000000", "")
    said = (line["station"], str(line["seq"]), at, line["kind"], line["message_id"] or "", line.get("by") or "",
            line["text"] or "")
    text = "\x1f".join(said)
    return sha256(bytes.fromhex(prev) + text.encode("utf-8", "surrogatepass"))


def check_frames(folder: Path, wrong: list[str]) -> str:
    """Each row's hash is that of its text; rows that follow each other are chained."""
    by_station: dict[str, Line] = {}
    segments = 0
    rows = lines(folder / "frames.ndjson")
    for line in sorted(rows, key=lambda row: (row["station"], row["seq"])):
        name = f"frame {line['id']}"
        if link(line["prev_hash"], line) != line["hash"]:
            wrong.append(f"{name}: altered")
        if isinstance(line.get("frame"), list) and json.loads(line["text"]) != line["frame"]:
            wrong.append(f"{name}: shown otherwise than it was hashed")
        before = by_station.get(line["station"])
        if before is None or line["seq"] > before["seq"] + 1:
            segments += 1
        elif line["seq"] == before["seq"]:
            wrong.append(f"{name}: there twice")
        elif line["prev_hash"] != before["hash"]:
            wrong.append(f"{name}: does not follow the one before it")
        if line["seq"] == 1 and line["prev_hash"] != GENESIS:
            wrong.append(f"{name}: the first row follows nothing")
        by_station[line["station"]] = line
    return f"{len(rows)} frames of {len(by_station)} stations in {segments} unbroken segments"


def check_cited(folder: Path, wrong: list[str]) -> str:
    """The frames each version was judged by are here, with the hashes it was judged by."""
    hashes = {line["id"]: line["hash"] for line in lines(folder / "frames.ndjson")}
    cited = 0
    for path in sorted((folder / "evidence").glob("v*.json")):
        for id, told in json.loads(path.read_text(encoding="utf-8"))["frames"]:
            cited += 1
            if id not in hashes:
                wrong.append(f"{path.name}: frame {id} is missing")
            elif hashes[id] != told:
                wrong.append(f"{path.name}: frame {id} is not the one it was judged by")
    return f"{cited} frames cited by the evidence"


def check_thread(folder: Path, wrong: list[str]) -> str:
    """Every entry is chained to the one before it, from the first."""
    previous, entries = GENESIS, lines(folder / "thread.ndjson")
    for number, entry in enumerate(entries, 1):
        name = f"entry {entry['seq']}"
        if entry["seq"] != number or entry["prev_hash"] != previous:
            wrong.append(f"{name}: does not follow the one before it")
        previous = entry["hash"]
        if entry.get("withheld"):
            continue
        if sha256(bytes.fromhex(entry["prev_hash"]) + entry["sealed"].encode("utf-8")) != entry["hash"]:
            wrong.append(f"{name}: altered")
        said = json.loads(entry["sealed"])
        shown = {key: entry[key] for key in ("type", "author", "audience", "text", "body")}
        if any(said[key] != value for key, value in shown.items()):
            wrong.append(f"{name}: shown otherwise than it was hashed")
    withheld = sum(1 for entry in entries if entry.get("withheld"))
    return f"{len(entries)} entries of the thread" + (f", {withheld} of them withheld" if withheld else "")


def main() -> int:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent
    wrong: list[str] = []
    for check in (check_files, check_versions, check_frames, check_cited, check_thread):
        try:
            before = len(wrong)
            checked = check(folder, wrong)
            print(f"{'ok ' if len(wrong) == before else 'BAD'} {checked}")
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            wrong.append(f"{check.__name__}: cannot be read: {error!r}")
    for line in wrong:
        print(f"    {line}")
    print("everything fits" if not wrong else f"{len(wrong)} things do not fit")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
