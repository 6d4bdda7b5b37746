"""A proxy before a real S3 server: it passes requests on, notes them, and fails where it is told to.

Requests go through as they came, their Host included, so that their signatures hold. A fault is a step of
``tests.faults``, which answers instead of the server, or one of those here, which let the server work first.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPConnection
from http.server import ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from tests.faults import Handler, Step

_HOP = ("connection", "keep-alive", "transfer-encoding", "content-length", "server", "date")


@dataclass(frozen=True)
class Asked:
    """A request: its method, its path with the query, and which it was, counted from 0."""

    method: str
    path: str
    number: int

    @property
    def operation(self) -> str:
        """What it asks of the store: list, read, write, delete or bucket."""
        if self.method == "GET":
            return "list" if "list-type=2" in self.path else "read"
        if self.method == "POST":
            return "delete" if "delete" in self.path else "post"
        bucket = urlsplit(self.path).path.count("/") < 2
        return "bucket" if bucket else {"PUT": "write", "DELETE": "delete"}.get(self.method, self.method)


@dataclass(frozen=True)
class Answer:
    """What the real server answered."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


Choose = Callable[[Asked], Step | None]


class Proxy:
    """A running proxy on a free port; ``choose`` gives the fault of a request, None for none."""

    def __init__(self, upstream: str, choose: Choose = lambda _: None) -> None:
        self.upstream = urlsplit(upstream)
        self.choose = choose
        self.requests: list[Asked] = []
        self.over = threading.Event()
        self._lock = threading.Lock()
        handler = type("ProxyHandler", (_Passing,), {"proxy": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.over.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def note(self, method: str, path: str) -> Asked:
        """Count a request."""
        with self._lock:
            asked = Asked(method, path, len(self.requests))
            self.requests.append(asked)
            return asked


class _Passing(Handler):
    proxy: Proxy
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        self.over = self.proxy.over
        self._upstream = HTTPConnection(
            str(self.proxy.upstream.hostname), self.proxy.upstream.port, timeout=60
        )

    def finish(self) -> None:
        self._upstream.close()
        super().finish()

    def handle(self) -> None:
        try:
            super().handle()
        except OSError:  # who asked has gone
            return

    def pass_on(self) -> Answer:
        """Have the real server do what was asked; what it answers."""
        self._upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            if name.lower() not in ("expect", "connection"):
                self._upstream.putheader(name, value)
        self._upstream.endheaders(self._body)
        answer = self._upstream.getresponse()
        return Answer(answer.status, answer.getheaders(), answer.read())

    def begin(self, answer: Answer) -> None:
        """Send an answer's head."""
        self.send_response_only(answer.status)
        for name, value in answer.headers:
            if name.lower() not in _HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()

    def _next(self) -> None:
        if self.headers.get("Expect") == "100-continue":
            self.send_response_only(100)
            self.end_headers()
        self._body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = self.proxy.choose(self.proxy.note(self.command, self.path))
        if fault is not None:
            self.close_connection = True
            fault(self)
            return
        answer = self.pass_on()
        self.begin(answer)
        self.wfile.write(answer.body)

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = _next  # noqa: N815


# -- faults of which the server knows nothing ----------------------------------------------------------


def done_but(step: Step) -> Step:
    """The server does what is asked, and then the answer is another or none."""

    def fault(handler: Handler) -> None:
        assert isinstance(handler, _Passing)
        handler.pass_on()
        step(handler)

    return fault


def truncates(handler: Handler) -> None:
    """The answer ends in the middle of its body; one without a body before its head."""
    assert isinstance(handler, _Passing)
    answer = handler.pass_on()
    if answer.body:
        handler.begin(answer)
        handler.wfile.write(answer.body[: len(answer.body) // 2])


def slows(seconds: float) -> Step:
    """The answer's body takes so long, in ten pieces."""

    def fault(handler: Handler) -> None:
        assert isinstance(handler, _Passing)
        answer = handler.pass_on()
        handler.begin(answer)
        size = len(answer.body) // 10 + 1
        for start in range(0, len(answer.body), size):
            handler.wfile.write(answer.body[start : start + size])
            handler.over.wait(seconds / 10)

    return fault
