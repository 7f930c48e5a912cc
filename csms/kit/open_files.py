"""How many files and sockets this process may have open: one for each station, and some for the rest."""

from __future__ import annotations

import resource

MOST = 1_048_576
"""What Linux allows a process that is not told otherwise (fs.nr_open)."""


def allow_most() -> int:
    """Take what the system lets us take, and return how many that is.

    Service managers and container engines often start a process with 1,024, and allow it far more if it asks.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST if hard == resource.RLIM_INFINITY else hard
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return most()


def most() -> int:
    """How many this process may have open now."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST if soft == resource.RLIM_INFINITY else soft
