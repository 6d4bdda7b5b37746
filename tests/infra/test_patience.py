"""How long a store on S3 is waited for, and what is tried again."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable

import pytest

from evalcore.errors import StorageUnavailable
from infra import aws_client
from infra.retry import NoAnswer, Patience, Watch, attempt
from infra.s3 import S3Store
from infra.storage import WriteConflict, open_store
from tests.faults import FaultyServer, answers, breaks_off, drips, hangs, refuses, resets
from tests.infra.failures import QUICK, STEADY, failure_of

TEXT = "text/plain; charset=utf-8"


@pytest.fixture
def store(faulty: FaultyServer) -> S3Store:
    """A store on that server, which tries again at once."""
    return S3Store("bucket", "prefix", patience=STEADY)


def test_the_patience_that_is_promised() -> None:
    """5 s to connect, 20 s for an answer, 30 s in all; boto3's own retries, which know no end, are off."""
    store = open_store("s3://bucket/prefix")
    assert (store.patience.connect, store.patience.read, store.patience.total) == (5, 20, 30)
    config = aws_client.shared(store.patience, store.url).meta.config
    assert (config.connect_timeout, config.read_timeout) == (5, 20)
    assert config.retries["total_max_attempts"] == 1


@pytest.mark.parametrize("step", [hangs, drips])
@pytest.mark.parametrize("method", ["list", "read", "write", "delete"])
def test_no_answer_has_an_end(faulty: FaultyServer, step: Callable[..., None], method: str) -> None:
    """Silence, or a byte now and then, is StorageUnavailable once the time is up, whatever is asked."""
    faulty.steps = [step]
    store = S3Store("bucket", "prefix", patience=QUICK)
    started = time.monotonic()
    error = failure_of(
        {
            "list": lambda: store.list(""),
            "read": lambda: store.read("a"),
            "write": lambda: store.write("a", b"x", content_type=TEXT),
            "delete": lambda: store.delete(["a"]),
        }[method]
    )
    assert time.monotonic() - started < QUICK.total + 0.5
    assert isinstance(error, StorageUnavailable)
    assert "no answer" in error.message
    assert error.details["store"] == "s3://bucket/prefix"


def test_no_connection_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """A port whose queue is full lets nobody in and refuses nobody: that is no answer either."""
    with socket.socket() as full, socket.socket() as first, socket.socket() as second:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for other in (first, second):
            other.setblocking(False)
            other.connect_ex(full.getsockname())
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://127.0.0.1:{full.getsockname()[1]}")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "k")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2")
        started = time.monotonic()
        error = failure_of(S3Store("bucket", "", patience=QUICK).check)
    assert isinstance(error, StorageUnavailable)
    assert time.monotonic() - started < QUICK.total + 0.5


def test_an_attempt_starts_only_if_it_can_finish() -> None:
    """A failure near the end of the time is final; early ones are tried again, but not for ever."""
    calls: list[float] = []

    def fail(watch: Watch) -> None:
        calls.append(watch.left())
        time.sleep(0.1)
        raise ConnectionError

    with pytest.raises(ConnectionError):
        attempt(fail, Patience(read=0.85, total=1, pause=0), lambda _: True)
    assert len(calls) == 2
    with pytest.raises(ConnectionError):
        attempt(fail, Patience(read=0, total=10, pause=0, attempts=3), lambda _: True)
    assert len(calls) == 5
    with pytest.raises(ConnectionError):
        attempt(fail, Patience(), lambda _: False)
    assert len(calls) == 6


def test_news_starts_the_time_again() -> None:
    """A slow store that delivers is waited for; once it falls silent the time is up."""
    silent = threading.Event()

    def slow(watch: Watch) -> str:
        for _ in range(5):
            time.sleep(0.1)
            watch.news()
        silent.wait(5)
        return "late"

    started = time.monotonic()
    with pytest.raises(NoAnswer):
        attempt(slow, Patience(total=0.2), lambda _: True)
    silent.set()
    assert 0.6 < time.monotonic() - started < 2


@pytest.mark.parametrize(
    "step",
    [refuses(503, "SlowDown"), refuses(500, "InternalError"), refuses(502, "x"), resets, breaks_off()],
    ids=["slow-down", "internal-error", "bad-gateway", "reset", "truncated"],
)
def test_what_passes_is_tried_again(faulty: FaultyServer, store: S3Store, step: Callable[..., None]) -> None:
    """Two failures of a kind that passes, then the answer: nobody notices."""
    faulty.steps = [step, step, answers(b"content")]
    assert store.read("a").data == b"content"
    assert len(faulty.requests) == 3


def test_what_does_not_pass_is_told(faulty: FaultyServer, store: S3Store) -> None:
    """A store that keeps failing is StorageUnavailable after a few attempts, with S3's code."""
    faulty.steps = [refuses(503, "SlowDown")]
    error = failure_of(lambda: store.read("a"))
    assert isinstance(error, StorageUnavailable)
    assert (error.details["s3_code"], len(faulty.requests)) == ("SlowDown", STEADY.attempts)


def test_a_truncated_answer_is_never_content(faulty: FaultyServer, store: S3Store) -> None:
    """However often the body ends early, it is an error and not a shorter object."""
    faulty.steps = [breaks_off()]
    error = failure_of(lambda: store.read("a"))
    assert isinstance(error, StorageUnavailable)
    assert "broke the connection off" in error.message


@pytest.mark.parametrize(
    ("status", "code"), [(403, "AccessDenied"), (404, "NoSuchBucket"), (400, "InvalidToken")]
)
def test_what_cannot_pass_is_asked_once(faulty: FaultyServer, store: S3Store, status: int, code: str) -> None:
    """Where another attempt would get the same answer, none is made."""
    faulty.steps = [refuses(status, code)]
    failure_of(lambda: store.read("a"))
    assert len(faulty.requests) == 1


def test_a_conflict_with_ourselves_is_none(faulty: FaultyServer, store: S3Store) -> None:
    """The first attempt wrote and its answer was lost: the 412 of the second is our own doing."""
    faulty.steps = [resets, refuses(412, "PreconditionFailed"), answers(b"mine", etag="e1")]
    assert store.write("a", b"mine", content_type=TEXT, if_absent=True) == "e1"
    assert [request.split()[0] for request in faulty.requests] == ["PUT", "PUT", "GET"]


def test_a_conflict_after_a_lost_answer_may_be_real(faulty: FaultyServer, store: S3Store) -> None:
    """Where the object holds something else, somebody else has written it."""
    faulty.steps = [resets, refuses(412, "PreconditionFailed"), answers(b"theirs")]
    with pytest.raises(WriteConflict):
        store.write("a", b"mine", content_type=TEXT, if_match="e0")


@pytest.mark.parametrize(
    ("status", "code"),
    [(412, "PreconditionFailed"), (409, "ConditionalRequestConflict"), (404, "NoSuchKey")],
)
def test_a_lost_condition_is_a_conflict(faulty: FaultyServer, store: S3Store, status: int, code: str) -> None:
    """All three ways in which S3 says it; without a failed attempt nothing is read again."""
    faulty.steps = [refuses(status, code)]
    with pytest.raises(WriteConflict):
        store.write("a", b"x", content_type=TEXT, if_match="e0")
    assert len(faulty.requests) == 1
