"""Versions that come into a bucket start a run each: S3 and SQS as an imitation of AWS has them."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from evalcore.errors import EngineUnavailable, InvalidParameter, StorageUnavailable
from flows import arrivals
from flows.arrivals import Arrivals, check_queue
from infra.add import add_version
from infra.layout import Target
from infra.notifications import Arrival
from infra.queue import Queue
from infra.storage import open_store
from tests.flows.stores import write_predictions

REGION = "us-east-1"
STORE = "s3://results/some/where"


@pytest.fixture
def queue_url(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A queue that a bucket tells of every version.json."""
    monkeypatch.setenv("AWS_REGION", REGION)
    with mock_aws():
        sqs, s3 = boto3.client("sqs", region_name=REGION), boto3.client("s3", region_name=REGION)
        url = sqs.create_queue(QueueName="arrivals")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        s3.create_bucket(Bucket="results")
        rules = [{"Name": "suffix", "Value": "version.json"}]
        told = {"QueueArn": arn, "Events": ["s3:ObjectCreated:*"], "Filter": {"Key": {"FilterRules": rules}}}
        s3.put_bucket_notification_configuration(
            Bucket="results", NotificationConfiguration={"QueueConfigurations": [told]}
        )
        yield url
        sqs.close()
        s3.close()


def add(tmp_path: Path, *versions: str) -> None:
    """Upload versions as ``assay add`` does."""
    file = write_predictions(tmp_path / "part.parquet")
    for version in versions:
        add_version(open_store(STORE), Target("churn", version), [file])


def send(queue_url: str, *bodies: str) -> None:
    """Put messages into the queue beside S3's own."""
    client = boto3.client("sqs", region_name=REGION)
    for body in bodies:
        client.send_message(QueueUrl=queue_url, MessageBody=body)
    client.close()


def left_in(queue_url: str) -> int:
    """How many messages there are, taken or not."""
    client = boto3.client("sqs", region_name=REGION)
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = client.get_queue_attributes(QueueUrl=queue_url, AttributeNames=names)["Attributes"]
    client.close()
    return sum(int(count) for count in found.values())


class Once(Queue):
    """A queue that tells its reader to stop when it is empty."""

    def __init__(self, url: str, stop: threading.Event) -> None:
        super().__init__(url)
        self.stop = stop

    def receive(self, seconds: int = 0) -> Any:
        """What there is now."""
        messages = super().receive(0)
        if not messages:
            self.stop.set()
        return messages


@pytest.fixture
def take(queue_url: str, monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Arrival], None]], None]:
    """Takes all messages; its argument asks for the runs."""
    monkeypatch.setattr(Arrivals, "_pause", lambda *_: None)

    def run(start: Callable[[Arrival], None]) -> None:
        stop = threading.Event()
        Arrivals(Once(queue_url, stop), open_store(STORE), start, stop).run()

    return run


def test_each_version_starts_a_run(queue_url: str, take: Any, tmp_path: Path) -> None:
    """For split test, whatever else is in the bucket; then the queue is empty, the test message gone too."""
    add(tmp_path, "v1", "v2")
    s3 = boto3.client("s3", region_name=REGION)
    s3.put_object(Bucket="results", Key="elsewhere/models/churn/versions/v3/version.json", Body=b"{}")
    s3.close()
    started: list[Arrival] = []

    take(started.append)

    assert sorted(str(arrival.target) for arrival in started) == ["churn v1 test", "churn v2 test"]
    assert left_in(queue_url) == 0


def test_messages_that_start_nothing_are_removed_and_told(
    queue_url: str, take: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """One that would come for ever goes, and the log says what it was."""
    send(queue_url, "poison", '{"Records": [3]}')

    with caplog.at_level(logging.WARNING, "assay"):
        take(lambda _: pytest.fail("a run was started"))

    assert left_in(queue_url) == 0
    assert sum("removed message" in text for text in caplog.messages) == 2


def test_a_run_that_is_not_accepted_is_asked_for_again(queue_url: str, take: Any, tmp_path: Path) -> None:
    """The message stays in the queue meanwhile, kept from others, and goes once the run is accepted."""
    add(tmp_path, "v1")
    asked: list[Arrival] = []
    left: list[int] = []

    def start(arrival: Arrival) -> None:
        asked.append(arrival)
        left.append(left_in(queue_url))
        if len(asked) < 3:
            raise EngineUnavailable("Prefect is away", "wait")

    take(start)

    assert len({arrival.event for arrival in asked}) == 1
    assert (len(asked), left[-1], left_in(queue_url)) == (3, 1, 0)


def test_a_message_is_given_back_at_the_end(queue_url: str, tmp_path: Path) -> None:
    """Who is told to stop before a run is accepted leaves its message for whoever comes next, at once."""
    add(tmp_path, "v1")
    stop = threading.Event()
    queue = Once(queue_url, stop)

    def start(_: Arrival) -> None:
        stop.set()
        raise EngineUnavailable("Prefect is away", "wait")

    Arrivals(queue, open_store(STORE), start, stop).run()

    started: list[Arrival] = []
    again = threading.Event()
    Arrivals(Once(queue_url, again), open_store(STORE), started.append, again).run()
    assert len(started) == 1


def test_a_queue_that_fails_is_asked_again(
    queue_url: str, take: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An outage of SQS, or a right that is missing for a while, ends nothing."""
    add(tmp_path, "v1")
    receive, failures = Queue.receive, iter([StorageUnavailable("away", "wait")] * 2)

    def fails_first(self: Queue, seconds: int = 0) -> Any:
        for failure in failures:
            raise failure
        return receive(self, seconds)

    monkeypatch.setattr(Queue, "receive", fails_first)
    started: list[Arrival] = []

    take(started.append)

    assert len(started) == 1


def test_pauses_grow_and_are_told_now_and_then(
    queue_url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A long outage fills no log, and is not asked after every moment."""
    waits: list[float] = []
    stop = threading.Event()
    monkeypatch.setattr(stop, "wait", waits.append)
    monkeypatch.setattr(arrivals, "uniform", lambda *_: 1)
    taker = Arrivals(Queue(queue_url), open_store(STORE), lambda _: None, stop)

    with caplog.at_level(logging.WARNING, "assay"):
        for failures in range(1, 31):
            taker._pause(failures, "away")

    assert waits[:6] == [1, 2, 4, 8, 16, 30] and max(waits) == 30
    assert len(caplog.messages) == 4


def test_a_queue_goes_with_a_bucket(queue_url: str, tmp_path: Path) -> None:
    """A folder tells no queue of anything; a bucket's queue is looked at before anything starts."""
    with pytest.raises(InvalidParameter, match="is no bucket"):
        check_queue(queue_url, open_store(tmp_path))
    with pytest.raises(StorageUnavailable, match="no such queue"):
        check_queue(f"{queue_url}x", open_store(STORE))
    check_queue(queue_url, open_store(STORE))
