"""Prefect's server, embedded: a process of ours, which ends when we do.

For one command it has a database of its own, which goes with it, and only the services that a flow needs. A
lasting one is what ``prefect server start`` would be: all services, for schedules and events, the pages, and
the address and database that Prefect's own settings name.

It is not in our process group, or Ctrl-C would end it before the flow could say that it was interrupted.
It watches its standard input instead, which closes however its parent ends.
"""

from __future__ import annotations

import atexit
import importlib.metadata
import os
import select
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import closing, suppress
from pathlib import Path
from typing import IO, Any

from evalcore.errors import EngineUnavailable
from flows.prefect_api import setting
from flows.progress import log
from infra.cache import cache_folder

START_SECONDS = 180.0
"""How long the server may take to start; 15 to 60 s are usual."""

ENVIRONMENT = {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_LOGGING_LEVEL": "WARNING",
    "DO_NOT_TRACK": "1",
}
"""For a server and its client: quiet, and asking nobody for anything."""

FLEETING = {
    "PREFECT_API_BLOCKS_REGISTER_ON_START": "false",
    "PREFECT_MEMOIZE_BLOCK_AUTO_REGISTRATION": "false",
}
"""For a server of one command, of which nobody wants blocks."""

LASTING = {"PREFECT_SERVER_LOGGING_LEVEL": "ERROR"}
"""For a lasting server: what it says is passed on."""

_HOST, _PORT = "127.0.0.1", 4200  # Prefect's own
_GRACE_SECONDS = 5.0


class NotStarted(Exception):
    """The server did not start."""


class AddressTaken(Exception):
    """A lasting server's address cannot be listened at: ``address``, and why."""

    def __init__(self, address: str, why: str) -> None:
        super().__init__(address, why)
        self.address, self.why = address, why


class Server:
    """A server that is starting at ``url``; ``wait`` waits until it answers.

    A lasting one raises AddressTaken where another process listens at its address.
    """

    def __init__(self, seconds: float = START_SECONDS, *, lasting: bool = False) -> None:
        self._until = time.monotonic() + seconds
        with _lasting_socket() if lasting else _any_socket() as listening:
            host, port = listening.getsockname()[:2]
            self.url = f"http://{_reachable(host)}:{port}/api"
            self._process = subprocess.Popen(
                [sys.executable, "-m", "flows.embedded", str(listening.fileno()), *["lasting"] * lasting],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE if lasting else subprocess.DEVNULL,
                env=_server_environment(lasting),
                pass_fds=[listening.fileno()],
                start_new_session=True,
            )
        if lasting:
            _in_background(lambda: _pass_on(_pipe(self._process.stderr)))
        # Handlers run in reverse order: what Prefect registers when it is imported comes before this one.
        atexit.register(self.stop)

    def wait(self) -> None:
        """Return once it answers; raises NotStarted."""
        output = _pipe(self._process.stdout)
        ready, _, _ = select.select([output], [], [], max(self._until - time.monotonic(), 0))
        if not ready or not output.readline():
            self.stop()
            raise NotStarted

    def outlive(self) -> None:
        """Return, with EngineUnavailable, once it has ended, which a lasting server is not to do."""
        self._process.wait()
        raise EngineUnavailable(
            "Prefect's embedded server has ended", "look at what it said, and start again"
        )

    def stop(self) -> None:
        """End it; nothing happens where it has ended."""
        atexit.unregister(self.stop)
        _pipe(self._process.stdin).close()
        try:
            self._process.wait(2 * _GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        _pipe(self._process.stdout).close()


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        raise ValueError("the process was started without this pipe")
    return pipe


def _pass_on(said: IO[bytes]) -> None:
    """Log what the server says, a record a line."""
    with said:
        for line in said:
            log.warning("Prefect's server: %s", line.decode(errors="replace").rstrip())


def _any_socket() -> socket.socket:
    listening = socket.socket()
    listening.bind((_HOST, 0))
    return listening


def _lasting_socket() -> socket.socket:
    host = setting("PREFECT_SERVER_API_HOST") or _HOST
    port = setting("PREFECT_SERVER_API_PORT") or str(_PORT)
    try:
        return socket.create_server(
            (host, int(port)), family=socket.AF_INET6 if ":" in host else socket.AF_INET
        )
    except (OSError, ValueError, OverflowError) as error:
        why = os.strerror(error.errno or 0).lower() if isinstance(error, OSError) else "not an address"
        raise AddressTaken(f"{host}:{port}", why) from error


def _reachable(host: str) -> str:
    """Where a server that listens at ``host`` is reached from this machine."""
    if host in ("0.0.0.0", "::"):  # noqa: S104 (the user's choice)
        return _HOST
    return f"[{host}]" if ":" in host else host


def _server_environment(lasting: bool) -> dict[str, str]:
    """The environment, for a fleeting server without what names an API: it would take that for its own."""
    if lasting:
        return {**os.environ, **ENVIRONMENT, **LASTING}
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in ("PREFECT_API_URL", "PREFECT_PROFILE")
    }
    return {**kept, **ENVIRONMENT, **FLEETING}


# -- the database ------------------------------------------------------------------------------------


def begin_database(folder: Path) -> Path:
    """The path of a database for one run, which begins as the one that was kept, if there is one.

    One for each run: two at once on one file would wait for each other's locks. One that was kept and is
    damaged is dropped, so that this start makes it anew.
    """
    database = folder / "prefect.db"
    with suppress(OSError, RuntimeError):
        shutil.copyfile(kept_database(), database)
        if not _is_whole(database):
            database.unlink()
            kept_database().unlink(missing_ok=True)
    return database


def _is_whole(database: Path) -> bool:
    try:
        with closing(sqlite3.connect(database)) as connection:
            return bool(connection.execute("pragma quick_check").fetchone() == ("ok",))
    except sqlite3.Error:
        return False


def keep_database(database: Path) -> None:
    """Keep a copy of a new database, so that the next start need not make one, a third of its time.

    Nothing is kept where a copy is there already, or cannot be.
    """
    with suppress(OSError, RuntimeError, sqlite3.Error):  # it would only save time
        kept = kept_database()
        if kept.exists():
            return
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=kept.parent) as folder:
            copy = Path(folder) / "copy.db"
            with closing(sqlite3.connect(database)) as one, closing(sqlite3.connect(copy)) as other:
                one.backup(other)
            copy.replace(kept)


def kept_database() -> Path:
    """Where the copy is kept, one for each version of Prefect."""
    return cache_folder() / f"prefect-{importlib.metadata.version('prefect')}.db"


# -- the server's process ----------------------------------------------------------------------------


def main(listening: socket.socket, *, lasting: bool) -> None:
    """Serve until standard input closes; a line is printed once the server answers."""
    with tempfile.TemporaryDirectory(prefix="assay-prefect-", ignore_cleanup_errors=True) as folder:
        servers: list[Any] = []
        _in_background(lambda: _end_with_parent(servers, folder))
        database = None if lasting else begin_database(Path(folder))
        if database is not None:
            os.environ["PREFECT_SERVER_DATABASE_CONNECTION_URL"] = f"sqlite+aiosqlite:///{database}"
        import uvicorn
        from prefect.server.api.server import create_app

        app = create_app(ephemeral=not lasting, final=True)
        server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="on"))
        servers.append(server)
        _in_background(lambda: _announce(server, database))
        server.run(sockets=[listening])


def _in_background(work: Callable[[], None]) -> None:
    threading.Thread(target=work, daemon=True).start()


def _announce(server: Any, database: Path | None) -> None:
    while not server.started:
        time.sleep(0.05)
    if database is not None:
        keep_database(database)
    sys.stdout.write("started\n")
    sys.stdout.flush()


def _end_with_parent(servers: Iterable[Any], folder: str) -> None:
    """Wait for the parent's end and end, with a few seconds for a server that runs by then."""
    sys.stdin.read()
    for server in servers:
        server.should_exit = True
        time.sleep(_GRACE_SECONDS)
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)


if __name__ == "__main__":
    main(socket.socket(fileno=int(sys.argv[1])), lasting="lasting" in sys.argv[2:])
