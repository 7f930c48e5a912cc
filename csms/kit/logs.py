"""Logs: JSON lines on stderr, or readable ones on a terminal.

Each names what it is about: `station`, `message` (OCPP message id), `complaint`, `request`. Secrets are masked
whoever logs them.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

MASK = "***"
SECRET = re.compile(r"pass(word|wd)?$|secret|^token$|_token$|authorization|cookie|api_?key|private_?key", re.IGNORECASE)
"""Names of fields whose values are nobody's business."""
IN_TEXT = (
    # postgresql://user:password@host, ftp://user:password@host
    (re.compile(r"(\b[a-z][a-z0-9+.-]*://[^\s:/@]*):[^\s@/]+@", re.IGNORECASE), rf"\1:{MASK}@"),
    (re.compile(r"\b(Bearer|Basic)\s+[A-Za-z0-9+/=_.~-]{6,}"), rf"\1 {MASK}"),
    (re.compile(r"(/uploads|/c)/[\w-]{16,}"), rf"\1/{MASK}"),
    (re.compile(r"((?:password|passwd|secret|AuthorizationKey)['\"]?\s*[:=]\s*['\"]?)[^\s'\",}&]+", re.IGNORECASE),
     rf"\1{MASK}"),
)


def mask(text: str) -> str:
    """A text without the secrets that are known by their surroundings."""
    for pattern, instead in IN_TEXT:
        text = pattern.sub(instead, text)
    return text


def mask_secrets(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor; the last before the line is written, so that tracebacks are masked too."""
    for name, value in event.items():
        if SECRET.search(name) and value:
            event[name] = MASK
        elif isinstance(value, str):
            event[name] = mask(value)
    return event


def configure(*, level: str = "info", readable: bool | None = None) -> None:
    """Set up structlog once, at the start of a process. Stdout is left to what the command prints."""
    pretty = sys.stderr.isatty() if readable is None else readable
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        mask_secrets,
    ]
    draw: Any = structlog.dev.ConsoleRenderer() if pretty else structlog.processors.JSONRenderer(default=str)
    structlog.configure(
        processors=[*shared, draw],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    # What libraries log (uvicorn, websockets, asyncio) comes out in the same shape.
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, structlog.processors.format_exc_info,
                    mask_secrets, draw],
    ))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
