"""A queue of SQS: on an imitation of AWS, and on servers that fail."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from evalcore.errors import Forbidden, InvalidParameter, StorageUnavailable, Unauthorized
from infra.queue import Queue
from infra.retry import Patience
from tests.faults import FaultyServer, answers, resets

QUICK = Patience(connect=1, read=1, total=20, attempts=2, pause=0.01)


@pytest.fixture
def queue_url(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An empty queue."""
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    with mock_aws():
        client = boto3.client("sqs", region_name="eu-central-1")
        yield client.create_queue(QueueName="arrivals")["QueueUrl"]
        client.close()


def send(queue_url: str, *bodies: str) -> None:
    """Put messages into the queue."""
    client = boto3.client("sqs", region_name="eu-central-1")
    for body in bodies:
        client.send_message(QueueUrl=queue_url, MessageBody=body)
    client.close()


def test_messages_are_received_held_and_deleted(queue_url: str) -> None:
    """A message is nobody else's for a while, comes back when it is given back, and is gone once deleted."""
    queue = Queue(queue_url)
    send(queue_url, "a", "b")

    first = queue.receive(0)
    assert sorted(message.body for message in first) == ["a", "b"]
    assert queue.receive(0) == []

    queue.delete(first[0])
    queue.hold(first[1], 0)
    assert [message.body for message in queue.receive(0)] == [first[1].body]


def test_looking_takes_nothing(queue_url: str) -> None:
    """The check leaves a message for who comes next."""
    queue = Queue(queue_url)
    send(queue_url, "a")

    queue.check()

    assert len(queue.receive(0)) == 1


def test_no_such_queue(queue_url: str) -> None:
    """The error names the queue and what to look at."""
    with pytest.raises(StorageUnavailable, match=r"arrivals-gone: there is no such queue; .*AWS_REGION"):
        Queue(f"{queue_url}-gone").check()


def test_the_region_is_the_queues(queue_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A queue is found by its URL whatever region is the environment's."""
    monkeypatch.setenv("AWS_REGION", "us-east-1")

    Queue(queue_url).check()


@pytest.mark.parametrize(
    "url", ["", "arrivals", "arn:aws:sqs:eu-central-1:1:q", "https://host", "ftp://h/1/q"]
)
def test_what_is_no_url(url: str) -> None:
    """Only a queue's URL will do, not its name or ARN."""
    with pytest.raises(InvalidParameter, match="not a queue"):
        Queue(url)


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (403, "AccessDenied", Forbidden),
        (403, "InvalidClientTokenId", Unauthorized),
        (503, "ServiceUnavailable", StorageUnavailable),
        (400, "Odd", StorageUnavailable),
    ],
)
def test_refusals(
    status: int, code: str, kind: type[Exception], faulty: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What AWS refuses has its place in the tree of errors, and no message shows a secret."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", faulty.url)
    body = f'{{"__type": "com.amazonaws.sqs#{code}", "message": "hunter2"}}'.encode()
    faulty.steps = [answers(body, status)]

    with pytest.raises(kind) as caught:
        Queue(f"{faulty.url}/1/q", patience=QUICK).check()

    assert "hunter2" not in str(caught.value)


def test_a_lost_connection_is_tried_again(faulty: FaultyServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """One reset costs an attempt; the setting that says where SQS is is named where none succeeds."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", faulty.url)
    faulty.steps = [resets, answers(b"{}")]
    queue: Any = Queue(f"{faulty.url}/1/q", patience=QUICK)

    assert queue.receive(0) == []

    monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", "http://127.0.0.1:9")
    with pytest.raises(StorageUnavailable, match="AWS_ENDPOINT_URL_SQS"):
        queue.receive(0)
