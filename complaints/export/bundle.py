"""The bundle: a ZIP with frames, readings, findings, thread and hashes, and the program that checks them."""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from collections.abc import Iterable, Mapping
from importlib import resources
from typing import Any

import orjson

from complaints import evidence
from complaints.export.dossier import Dossier
from complaints.export.page import page
from complaints.thread import Entry, sealed
from csms.api import FrameRow
from csms.kit.clock import iso

READ_ME = """\
Case {number}: evidence as it was frozen, exported {at} for {who}.

  python3 verify.py        checks everything below; needs nothing but Python 3.9 or newer

case.html         the case to read or print
case.json         the case, its refunds and attachments
assessments.json  every version of the judgement, oldest first
evidence/v*.json  the very bytes that each version's checksum is of: claim, story, hashes of the frames, judgement
frames.ndjson     the frozen OCPP frames in the journal's format; `text` is exactly what was hashed
readings.ndjson   the meter readings of the newest version
findings.json     the findings of the newest version, with what proves them
thread.ndjson     everything said and done in the case; entries that are not for this reader's eyes are withheld,
                  their hashes are not
attachments/      what was sent in, without its metadata
manifest.json     SHA-256 of every file

Every station's frames are chained: each hash covers the frame and the hash before it. The chain of the whole journal
is the operator's; here stand the segments around this case. The thread is chained in the same way from its first entry.
"""


def bundle(dossier: Dossier) -> bytes:
    """The ZIP. Made of the same dossier it is the same, byte for byte."""
    files = dict(_files(dossier))
    sums = {name: {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
            for name, content in sorted(files.items())}
    files["manifest.json"] = _json({"case": dossier.case.number, "made_at": iso(dossier.made_at), "files": sums})
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in sorted(files.items()):
            packed.writestr(zipfile.ZipInfo(f"{dossier.case.number}/{name}", (2020, 1, 1, 0, 0, 0)), content)
    return made.getvalue()


def _files(dossier: Dossier) -> Iterable[tuple[str, bytes]]:
    case = dossier.case
    yield "README.txt", READ_ME.format(number=case.number, at=iso(dossier.made_at), who=dossier.made_for).encode()
    yield "verify.py", resources.files("complaints.export").joinpath("verify.py").read_bytes()
    yield "case.html", page(dossier, case.language).encode()
    yield "case.json", _json(_case(dossier))
    yield "assessments.json", _json([evidence.as_json(a) for a in dossier.assessments])
    for version, plain in dossier.evidence.items():
        yield f"evidence/v{version}.json", plain
    yield "frames.ndjson", _lines(_frame(frame) for frame in dossier.frames)
    yield "readings.ndjson", _lines(dossier.story.get("readings", ()))
    newest = dossier.newest
    yield "findings.json", _json(newest.judgement["findings"] if newest else [])
    yield "thread.ndjson", _lines(_entry(entry, entry.seq in dossier.withheld) for entry in dossier.entries)
    for kept in dossier.attachments:
        yield f"attachments/{kept.id}-{_file_name(kept.name)}", kept.content


def _json(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2, default=str) + b"\n"


def _lines(values: Iterable[Any]) -> bytes:
    return b"".join(orjson.dumps(value, default=str) + b"\n" for value in values)


def _file_name(name: str) -> str:
    return re.sub(r"[^\w.-]", "_", name)[-80:] or "file"


def _case(dossier: Dossier) -> dict[str, Any]:
    case = dossier.case
    facts = {name: getattr(case, name) for name in case.__slots__ if name != "tracking"}
    return {
        **facts, "classification": dict(case.classification), "refunds": list(dossier.refunds),
        "attachments": [
            {"id": k.id, "name": k.name, "mime": k.mime, "sha256": k.sha256, "sent_sha256": k.sent_sha256}
            for k in dossier.attachments
        ],
    }


def _frame(frame: FrameRow) -> Mapping[str, Any]:
    """A line of the journal, with its place in the chain."""
    line: dict[str, Any] = {"station": frame.station, "at": _exact(frame), "kind": frame.kind}
    match frame.kind:
        case "connected":
            line |= {"protocol": frame.action} if frame.action else {}
        case "disconnected":
            line |= {"code": int(frame.frame)} if frame.frame else {}
        case _:
            line |= {"frame": _array(frame.frame or "")} | ({"by": frame.by} if frame.by else {})
    return line | {
        "seq": frame.seq, "id": frame.id, "message_id": frame.message_id, "text": frame.frame,
        "hash": frame.hash, "prev_hash": frame.prev_hash,
    }


def _exact(frame: FrameRow) -> str:
    return frame.received_at.isoformat(timespec="microseconds").replace("+00:00", "Z")


def _array(text: str) -> Any:
    try:
        frame = orjson.loads(text)
    except orjson.JSONDecodeError:
        return text
    return frame if isinstance(frame, list) and orjson.dumps(frame).decode() == text else text


def _entry(entry: Entry, withheld: bool) -> Mapping[str, Any]:
    place = {"seq": entry.seq, "prev_hash": entry.prev_hash.hex(), "hash": entry.hash.hex()}
    if withheld:
        return place | {"withheld": True}
    return place | {
        "at": iso(entry.at), "type": entry.type, "author": entry.author, "audience": entry.audience,
        "text": entry.text, "body": dict(entry.body), "sealed": sealed(entry).decode(),
    }
