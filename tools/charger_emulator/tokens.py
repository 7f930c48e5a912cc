"""Who may charge: tokens, the station's local list and its cache."""

from __future__ import annotations

from dataclasses import dataclass, field

from .link import Payload


@dataclass(frozen=True)
class Token:
    """A card, app or vehicle identity: 1.6 idTag (20 characters), 2.0.1 idToken with its type."""

    id: str
    type: str = "ISO14443"


@dataclass(frozen=True)
class Leave:
    """What is known of a token's right to charge: a status such as Accepted, and its group (1.6 parentIdTag)."""

    status: str
    group: str | None = None

    @property
    def ok(self) -> bool:
        return self.status == "Accepted"


@dataclass
class LocalTokens:
    """Local authorization list (1.6: 3.5.2; 2.0.1: D) and authorization cache (1.6: 3.5.1; 2.0.1: C10)."""

    version: int = 0
    listed: dict[str, Leave] = field(default_factory=dict)
    cached: dict[str, Leave] = field(default_factory=dict)

    def update(self, version: int, entries: dict[str, Leave | None], full: bool) -> None:
        """Take a list from the central system; an entry without leave is removed."""
        if full:
            self.listed.clear()
        for id, leave in entries.items():
            if leave is None:
                self.listed.pop(id, None)
            else:
                self.listed[id] = leave
        self.version = version

    def knows(self, id: str) -> Leave | None:
        """The list goes before the cache."""
        return self.listed.get(id) or self.cached.get(id)


def as_token(token: Token | str) -> Token:
    """A text is taken for an ISO 14443 card."""
    return token if isinstance(token, Token) else Token(token)


def leave_of_tag(info: Payload) -> Leave:
    """1.6 IdTagInfo."""
    return Leave(info["status"], info.get("parentIdTag"))


def leave_of_token(info: Payload) -> Leave:
    """2.0.1 IdTokenInfoType."""
    group = info.get("groupIdToken")
    return Leave(info["status"], group["idToken"] if group else None)


def token_payload(token: Token) -> Payload:
    """2.0.1 IdTokenType."""
    return {"idToken": token.id, "type": token.type}


def read_token(payload: Payload) -> Token:
    """The same, read."""
    return Token(payload["idToken"], payload["type"])
