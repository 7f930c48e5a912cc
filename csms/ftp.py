"""FTP for stations that can bring their logs in no other way: one user, one password, one file each.

FTP is unencrypted and old; it is off unless a port is named. What can be done here is storing one file into a
folder of its own: nothing can be listed, read, renamed or removed.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import logging
import socket
import threading
import warnings
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import structlog

from csms import uploads
from csms.errors import OhmbudsmanError
from csms.files import Files
from csms.uploads import LARGEST, Upload

with warnings.catch_warnings():
    # It stands on asyncore, which Python 3.11 warns of; from 3.12 on it brings its own.
    warnings.simplefilter("ignore", DeprecationWarning)
    from pyftpdlib.authorizers import AuthenticationFailed, DummyAuthorizer
    from pyftpdlib.handlers import DTPHandler, FTPHandler
    from pyftpdlib.ioloop import IOLoop
    from pyftpdlib.servers import FTPServer

log = structlog.get_logger()

T = TypeVar("T")

PATIENCE_S = 30
ROUND_S = 0.2

# SIZE, so that a transfer that broke off can go on; nothing that lists, reads, renames or removes.
SPOKEN = (
    "USER", "PASS", "QUIT", "NOOP", "SYST", "FEAT", "OPTS", "TYPE", "MODE", "STRU", "ALLO", "PASV", "EPSV", "PORT",
    "EPRT", "PWD", "XPWD", "CWD", "XCWD", "CDUP", "REST", "STOR", "SIZE", "ABOR",
)


class FtpServer:
    """A thread with its own loop; everything about rows is done on ours."""

    def __init__(
        self, files: Files, *, passive_ports: tuple[int, int] | None = None, address: str | None = None
    ) -> None:
        self.files = files
        self._passive, self._address = passive_ports, address
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._loop = asyncio.get_running_loop()
        self._server: FTPServer | None = None

    def start(self, host: str, port: int) -> int:
        """Accept from now on; the port (0 picks a free one)."""
        self._server = FTPServer((host, port), self._handler(), ioloop=IOLoop())
        self._server.max_cons, self._server.max_cons_per_ip = 128, 16
        self._thread = threading.Thread(target=self._serve, name="ftp", daemon=True)
        self._thread.start()
        return int(self._server.socket.getsockname()[1])

    def _serve(self) -> None:
        assert self._server
        while not self._stopping.is_set():
            self._server.serve_forever(timeout=ROUND_S, blocking=False, handle_exit=False)
        self._server.close_all()

    async def stop(self) -> None:
        self._stopping.set()
        if self._thread:
            await asyncio.to_thread(self._thread.join, 5)

    def wait_for(self, work: Coroutine[Any, Any, T]) -> T:
        """From the thread: done on the loop. Not longer than a station waits for an answer."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE_S)

    def _handler(self) -> type[Any]:
        server = self

        class Handler(_OneFile):
            authorizer = _Authorizer(server)
            ftp = server
            dtp_handler = _Limited
            banner = "ready"
            max_login_attempts = 3
            auth_failed_timeout = 3
            timeout = 120
            use_sendfile = False
            passive_ports = range(server._passive[0], server._passive[1] + 1) if server._passive else None
            masquerade_address = server._address

        return Handler

    def folder_of(self, upload: Upload) -> Path:
        return self.files.folder / "ftp" / upload.id

    async def login(self, user: str, password: str) -> Upload | None:
        async with self.files.csms.db.acquire() as conn:
            found = await uploads.by_ftp_user(conn, user, self.files.csms.clock())
        if found is None or not hmac.compare_digest(found[1], uploads.id_of(password)):
            return None
        folder = self.folder_of(found[0])
        await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
        return found[0]

    async def arrived(self, upload: Upload, path: Path) -> None:
        """The file is whole. Raises what `Files.finish` does."""
        try:
            await self.files.finish(upload, path, path.name)
        except OhmbudsmanError:
            with contextlib.suppress(OSError):
                await asyncio.to_thread(path.unlink)
            raise
        with contextlib.suppress(OSError):
            await asyncio.to_thread(self.folder_of(upload).rmdir)


class _Authorizer(DummyAuthorizer):  # type: ignore[misc]
    """Users are the uploads that are expected now."""

    def __init__(self, server: FtpServer) -> None:
        super().__init__()
        self._server = server

    def validate_authentication(self, username: str, password: str, handler: Any) -> None:
        try:
            upload = self._server.wait_for(self._server.login(username, password))
        except Exception as error:
            log.warning("ftp_login_not_checked", error=type(error).__name__)
            upload = None
        if upload is None:
            raise AuthenticationFailed("Authentication failed.")
        handler.upload = upload
        if not self.has_user(username):  # nobody's password is kept here
            self.add_user(username, "", str(self._server.folder_of(upload)), perm="ew")

    def get_msg_login(self, _: str) -> str:
        return "Bring one file."


class _OneFile(FTPHandler):  # type: ignore[misc]
    """One STOR into its own folder."""

    ftp: FtpServer
    proto_cmds: ClassVar[dict[str, Any]] = {
        name: FTPHandler.proto_cmds[name] | ({"perm": "w"} if name == "SIZE" else {}) for name in SPOKEN
    }
    upload: Upload | None = None
    stored = False

    def ftp_STOR(self, file: str, mode: str = "w") -> Any:  # noqa: N802
        if self.stored:
            self.respond("553 One file, and it has come.")
            return None
        return super().ftp_STOR(file, mode)

    def record(self, file: str) -> bool:
        """Before the station is told that its file has come: it deletes it then."""
        assert self.upload
        try:
            self.ftp.wait_for(self.ftp.arrived(self.upload, Path(file)))
        except Exception as error:
            log.error("ftp_file_not_kept", station=self.upload.station, error=f"{type(error).__name__}: {error}")
            return False
        self.stored = True
        return True

    def on_incomplete_file_received(self, file: str) -> None:
        """Stays while the upload is expected: REST and STOR go on from there."""
        if Path(file).stat().st_size > LARGEST:
            Path(file).unlink()

    def on_disconnect(self) -> None:
        if self.upload is not None:
            self.authorizer.user_table.pop(self.username, None)


class _Limited(DTPHandler):  # type: ignore[misc]
    """Stops at the size limit; says that a file has come once it is on record."""

    def close(self) -> None:
        if not self._closed and self.receive and self.transfer_finished and self.file_obj is not None:
            self.file_obj.close()
            if not self.cmd_channel.record(self.file_obj.name):
                self._resp = ("451 It could not be kept.", logging.getLogger("pyftpdlib").debug)
        super().close()

    def recv(self, buffer_size: int) -> Any:
        """A connection that breaks is no end of a file, although it ends in the same way here."""
        try:
            self.socket.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            pass
        except OSError:
            self._resp = ("426 The transfer broke off.", logging.getLogger("pyftpdlib").debug)
            self.close()
            return b""
        return super().recv(buffer_size)

    def handle_read(self) -> None:
        super().handle_read()
        if not self._closed and self.file_obj is not None and self.file_obj.tell() > LARGEST:
            self.cmd_channel.respond("552 The file is too large.")
            self.close()

    handle_read_event = handle_read
