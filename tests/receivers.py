"""An HTTP server of the tests that remembers what it was sent."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Receiver:
    """Where it is, what it answers, and what has come: paths, headers and JSON bodies."""

    url: str = ""
    status: int = 204
    delay: float = 0.0
    paths: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    bodies: list[Any] = field(default_factory=list)

    def wait_for(self, count: int, seconds: float = 60) -> list[Any]:
        """The bodies, once there are so many."""
        until = time.monotonic() + seconds
        while len(self.bodies) < count and time.monotonic() < until:
            time.sleep(0.05)
        assert len(self.bodies) >= count, self.bodies
        return self.bodies


@contextmanager
def receiver() -> Iterator[Receiver]:
    """A server on a free port of this machine; it ends with the block."""
    had = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            had.paths.append(self.path)
            had.headers.append(dict(self.headers))
            had.bodies.append(json.loads(body or "null"))
            time.sleep(had.delay)
            self.send_response(had.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    had.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield had
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
