"""E-mail as it comes: who wrote, the words without what they quote, the files, and which case they belong to. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from email.utils import parseaddr, parsedate_to_datetime
from hashlib import sha256
from html.parser import HTMLParser

from complaints.intake.attachments import Sent

NUMBER = re.compile(r"\bC\d{8}-\d{6}\b")
TAGGED = re.compile(r"\+([A-Za-z0-9_-]{20,30})@")
"""complaints+TRACKING@...: the address we answer from. Nobody guesses it, so it is proof enough."""
QUOTES = re.compile(
    r"^\s*(>|On .{5,200} wrote:\s*$|-{2,}\s*(Original Message|原始邮件|原始郵件|回复的邮件).*|_{10,}\s*$"
    r"|(From|发件人|寄件者)\s*[::].+|在 ?.{5,80}写道[::]\s*$|於 ?.{5,80}寫道[::]\s*$)", re.IGNORECASE,
)
MOST_FILES = 6


@dataclass(frozen=True, slots=True)
class Mail:
    """A message as the desk reads it."""

    id: str
    sender: str
    name: str
    subject: str
    text: str
    at: datetime | None
    number: str | None
    """The case its subject names."""
    tracking: str | None
    """The case its address names."""
    files: tuple[Sent, ...] = ()
    automatic: bool = False
    """An absence note, a bounce, a newsletter: nobody answers it, or two machines would write for ever."""


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self._skip = 0

    def handle_starttag(self, tag: str, _attrs: list[tuple[str, str | None]]) -> None:
        self._skip += tag in ("style", "script", "head", "blockquote")
        if tag in ("br", "p", "div", "tr", "li"):
            self.said.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self._skip -= tag in ("style", "script", "head", "blockquote")

    def handle_data(self, data: str) -> None:
        if self._skip <= 0:
            self.said.append(data)


def read(raw: bytes, recipients: list[str] | None = None) -> Mail:
    """Any bytes that claim to be a mail. What cannot be decoded is read as well as it goes."""
    message: EmailMessage = BytesParser(policy=policy.default).parsebytes(raw)
    name, sender = parseaddr(_header(message, "From"))
    subject = _header(message, "Subject").strip()
    to = " ".join([*(recipients or []), _header(message, "To"), _header(message, "Delivered-To")])
    number, tagged = NUMBER.search(subject), TAGGED.search(to)
    id = _header(message, "Message-ID").strip() or f"none:{sha256(raw).hexdigest()}"
    return Mail(
        id=id, sender=sender.lower(), name=name,
        subject=subject, text=_words(message), at=_date(message), number=number.group() if number else None,
        tracking=tagged.group(1) if tagged else None, files=_files(message), automatic=_is_automatic(message, sender),
    )


def _header(message: EmailMessage, name: str) -> str:
    try:
        return str(message.get(name, "") or "")
    except (ValueError, IndexError, AttributeError):  # headers that no parser of the library can stand
        return ""


def _date(message: EmailMessage) -> datetime | None:
    try:
        at = parsedate_to_datetime(_header(message, "Date"))
    except (ValueError, TypeError):
        return None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def _is_automatic(message: EmailMessage, sender: str) -> bool:
    submitted = _header(message, "Auto-Submitted").lower()
    return (
        (submitted not in ("", "no")) or bool(_header(message, "X-Auto-Response-Suppress"))
        or _header(message, "Precedence").lower() in ("bulk", "junk", "list", "auto_reply")
        or not sender or sender.lower().startswith(("mailer-daemon@", "postmaster@", "no-reply@", "noreply@"))
    )


def _words(message: EmailMessage) -> str:
    part = message.get_body(preferencelist=("plain", "html"))
    if part is None:
        return ""
    try:
        text = str(part.get_content())
    except (LookupError, ValueError, KeyError):
        payload = part.get_payload(decode=True)
        text = payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""
    if part.get_content_type() == "text/html":
        reader = _Text()
        reader.feed(text)
        text = "".join(reader.said)
    return unquoted(text)


def unquoted(text: str) -> str:
    """The new words only: what stands above the first quotation. All of it where nothing stands above."""
    lines = text.replace("\r\n", "\n").split("\n")
    first = next((n for n, line in enumerate(lines) if QUOTES.match(line)), len(lines))
    new = "\n".join(lines[:first]).strip()
    return new or text.strip()


def _files(message: EmailMessage) -> tuple[Sent, ...]:
    found: list[Sent] = []
    for part in message.iter_attachments():
        content = part.get_payload(decode=True)
        if isinstance(content, bytes) and content:
            found.append(Sent(part.get_filename() or f"attachment-{len(found) + 1}", content))
    return tuple(found[:MOST_FILES])
