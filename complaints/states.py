"""The states of a case, and the one table of moves between them. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from csms.errors import Conflict

STATES = (
    "received", "acknowledged", "assessed", "investigating", "need_info", "decided", "approving", "executing",
    "informed", "confirming", "closed", "merged", "external", "withdrawn", "second_review",
)
ENDED = ("closed", "merged", "external", "withdrawn")
OPEN = tuple(state for state in STATES if state not in ENDED)
WORKING = tuple(state for state in OPEN if state not in ("informed", "confirming"))
PAUSED = ("need_info",)
"""The customer's turn: clocks stand still, up to a cap."""
AWAY = ("merged", "external", "withdrawn")
"""Elsewhere: clocks stand still for as long as it lasts."""


@dataclass(frozen=True, slots=True)
class Move:
    """From any of `sources` to `target`. `rounds`: how many new rounds of clocks it begins."""

    name: str
    sources: tuple[str, ...]
    target: str
    rounds: int = 0


_EARLY = ("received", "acknowledged", "assessed")
MOVES = {
    move.name: move
    for move in (
        Move("acknowledge", ("received",), "acknowledged"),
        Move("assess", ("received", "acknowledged"), "assessed"),
        Move("investigate", (*_EARLY, "need_info", "decided", "second_review"), "investigating"),
        Move("ask_customer", (*_EARLY, "investigating", "decided", "second_review"), "need_info"),
        Move("hear_customer", ("need_info",), "investigating"),
        Move("decide", (*_EARLY, "investigating", "second_review"), "decided"),
        Move("propose", (*_EARLY, "investigating", "need_info", "decided", "executing", "second_review"), "approving"),
        Move("approve", ("approving",), "executing"),
        Move("decline", ("approving",), "investigating"),
        Move("execute", (*_EARLY, "investigating", "need_info", "decided", "second_review"), "executing"),
        Move("resolve", (*_EARLY, "investigating", "decided", "executing", "second_review"), "informed"),
        Move("await_confirmation", ("informed",), "confirming"),
        Move("close", ("informed", "confirming"), "closed"),
        Move("reject", ("informed", "confirming", "closed"), "second_review", rounds=1),
        Move("reopen", ("closed", "external", "withdrawn"), "investigating", rounds=1),
        Move("withdraw", OPEN, "withdrawn"),
        Move("refer", OPEN, "external"),
        Move("take_back", ("external",), "investigating"),
        Move("merge", OPEN, "merged"),
        Move("unmerge", ("merged",), "investigating"),
    )
}


class NotAllowedIn(Conflict):
    """The case's state forbids it; `members` goes into the problem document."""

    def __init__(self, what: str, state: str) -> None:
        super().__init__(f"{what} is not possible while the case is {state}")
        self.members = {"not_allowed_in": state}


def after(move: str, state: str) -> str:
    """The state this move leads to. Raises NotAllowedIn."""
    if state not in MOVES[move].sources:
        raise NotAllowedIn(move, state)
    return MOVES[move].target


def can(move: str, state: str) -> bool:
    return state in MOVES[move].sources


def diagram() -> str:
    """The table as a Mermaid state diagram, for the docs."""
    arrows = [f"    {source} --> {move.target}: {move.name}" for move in MOVES.values() for source in move.sources]
    return "\n".join(["stateDiagram-v2", "    [*] --> received", *arrows])
