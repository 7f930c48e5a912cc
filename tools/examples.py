"""Payloads made from the official schemas: the least and the most that each message may hold."""

from __future__ import annotations

from functools import cache
from typing import Any

import orjson

from csms.ocpp.schemas import folder


@cache
def schema(protocol: str, action: str, answer: bool = False) -> dict[str, Any]:
    names = [f"{action}Response.json"] if answer else [f"{action}Request.json", f"{action}.json"]
    path = next(path for name in names if (path := folder(protocol) / name).exists())
    return orjson.loads(path.read_text("utf-8-sig"))


def example(protocol: str, action: str, full: bool, answer: bool = False) -> dict[str, Any]:
    """A valid payload of a message or its answer, with only the required fields or with all."""
    whole = schema(protocol, action, answer)
    return _example(whole, whole, full)


def _example(node: dict[str, Any], whole: dict[str, Any], full: bool) -> Any:
    if "$ref" in node:
        return _example(whole["definitions"][node["$ref"].rsplit("/", 1)[1]], whole, full)
    if "enum" in node:
        return node["enum"][0]
    match node.get("type"):
        case "object":
            fields = node.get("properties", {})
            wanted = fields if full else node.get("required", ())
            return {name: _example(fields[name], whole, full) for name in wanted}
        case "array":
            return [_example(node["items"], whole, full)] if full or node.get("minItems") else []
        case "string" if node.get("format") == "date-time":
            return "2026-11-22T01:00:00Z"
        case "string" if node.get("format") == "uri":
            return "https://example.org/upload"
        case "string":
            return "1"  # also a number, for the values of 1.6
        case "integer" | "number":
            return int(min(1, node.get("maximum", 1)))
        case "boolean":
            return True
    return "anything"
