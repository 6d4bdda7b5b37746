"""An S3 server that fails as it is told to: each request gets the next step of a script, or its last."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Step = Callable[["Handler"], None]


@dataclass
class FaultyServer:
    """The running server: its URL, its steps, and the requests (with their signatures) it has had."""

    url: str = ""
    steps: list[Step] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    signatures: list[str] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def script(self) -> Iterator[FaultyServer]:
        """Starts afresh, and lets go of who hangs at the block's end."""
        self.steps, self.requests, self.signatures = [], [], []
        self.over = threading.Event()
        try:
            yield self
        finally:
            self.over.set()


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    faulty: FaultyServer

    def _next(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if self.headers.get("Expect") == "100-continue":
            self.send_response_only(100)
            self.end_headers()
        self.rfile.read(length)
        faulty = self.faulty
        step = faulty.steps[min(len(faulty.requests), len(faulty.steps) - 1)]
        faulty.requests.append(f"{self.command} {self.path}")
        faulty.signatures.append(self.headers.get("Authorization", ""))
        # No connection outlives its request, or the server's end would wait for the client's.
        self.close_connection = True
        self.over = faulty.over
        step(self)

    do_GET = do_PUT = do_POST = do_HEAD = _next  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@contextmanager
def faulty_server() -> Iterator[FaultyServer]:
    """A server on a free port of this machine; it ends with the block."""
    faulty = FaultyServer()
    handler = type("ScriptedHandler", (Handler,), {"faulty": faulty})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = False
    faulty.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield faulty
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def answers(body: bytes, status: int = 200, etag: str = "abc") -> Step:
    """A whole answer."""

    def step(handler: Handler) -> None:
        handler.send_response(status)
        handler.send_header("ETag", f'"{etag}"')
        handler.send_header("Connection", "close")
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return step


def refuses(status: int, code: str) -> Step:
    """An answer as S3 words a failure, with things in it that are nobody's business."""
    secret = "<Message>hunter2</Message><AWSAccessKeyId>hunter2</AWSAccessKeyId>"
    text = f"<Error><Code>{escape(code)}</Code>{secret}</Error>"
    return answers(text.encode(), status)


def breaks_off(body: bytes = b"12345") -> Step:
    """An answer that ends in the middle."""

    def step(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("ETag", '"abc"')
        handler.send_header("Content-Length", str(len(body) + 10))
        handler.end_headers()
        handler.wfile.write(body)

    return step


def resets(handler: Handler) -> None:
    """No answer: the connection is reset."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()


def hangs(handler: Handler) -> None:
    """No answer, for as long as the server runs."""
    handler.over.wait(30)


def drips(handler: Handler) -> None:
    """A whole answer, but a byte at a time, so that no single wait is long."""
    try:
        for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n" + b"X-Slow: 1\r\n" * 1000:
            handler.wfile.write(bytes([byte]))
            if handler.over.wait(0.05):
                return
    except OSError:  # who asked has gone
        return
