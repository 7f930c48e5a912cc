"""Logs: JSON lines on stderr, or readable ones on a terminal."""

from __future__ import annotations

import logging
import sys

import structlog


def configure(*, level: str = "info", readable: bool | None = None) -> None:
    """Set up structlog once, at the start of a process. Stdout is left to what the command prints."""
    pretty = sys.stderr.isatty() if readable is None else readable
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.dev.ConsoleRenderer() if pretty else structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
