"""What S3 tells of objects that were created."""

from __future__ import annotations

import json
from typing import Any

import pytest

from infra.layout import Target
from infra.notifications import Told, read_notification

KEY = "assay/models/churn/versions/v7/version.json"


def record(key: str = KEY, bucket: str = "results", name: str = "ObjectCreated:Put", **written: Any) -> Any:
    """A record as S3 writes it."""
    return {"eventName": name, "s3": {"bucket": {"name": bucket}, "object": {"key": key, **written}}}


def read(*records: Any, prefix: str = "assay/") -> Told:
    """What a message of these records says to the store ``s3://results/<prefix>``."""
    return read_notification(json.dumps({"Records": records}), "results", prefix)


@pytest.mark.parametrize("key", [KEY, KEY.replace("/", "%2F"), KEY.replace("churn", "ch%75rn")])
def test_a_version_has_come(key: str) -> None:
    """The key, URL-encoded as it may be, names model and version; the split is test."""
    told = read(record(key))

    assert [arrival.target for arrival in told.arrivals] == [Target("churn", "v7", "test")]
    assert (told.others, told.is_test) == ((), False)


def test_a_store_at_the_bucket_root() -> None:
    """Without a prefix the key is the whole."""
    assert read(record("models/m/versions/v/version.json"), prefix="").arrivals[0].target == Target("m", "v")


def test_the_test_message() -> None:
    """What S3 sends when the notification is set up is nothing to evaluate and no mistake."""
    told = read_notification(json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent"}), "results", "")

    assert told == Told(is_test=True)


@pytest.mark.parametrize(
    "body", ["", "poison", "[]", "3", "null", "{}", '{"Records": []}', '{"Records": {}}', "[" * 100_000]
)
def test_what_is_no_notification(body: str) -> None:
    """Anything else is said to be that, whatever it is."""
    told = read_notification(body, "results", "")

    assert (told.arrivals, told.is_test, len(told.others)) == ((), False, 1)


@pytest.mark.parametrize(
    ("odd", "said"),
    [
        (3, "no notification"),
        ({"eventName": "ObjectCreated:Put"}, "no notification"),
        ({"eventName": "ObjectCreated:Put", "s3": "x"}, "no notification"),
        (record(key=None), "no notification"),
        (record("assay/%FF"), "no notification"),
        (record(name="ObjectRemoved:Delete"), "was not created"),
        (record(bucket="other"), "outside the store"),
        (record("elsewhere/models/churn/versions/v7/version.json"), "outside the store"),
        (record("models/churn/versions/v7/version.json"), "outside the store"),
        (record("assay/models/churn/model.json"), "no version.json"),
        (record("assay/models/churn/versions/v7/predictions/test/version.json"), "no version.json"),
        (record("assay/models/churn/versions/..%2Fv7/version.json"), "no version.json"),
        (record("assay/models/nightly/versions/v7/version.json"), "no version.json"),
        (record("assay/versions/models/versions/v7/version.json"), "no version.json"),
    ],
)
def test_records_that_start_nothing(odd: Any, said: str) -> None:
    """Each is told apart in words, and those beside it count all the same."""
    told = read(odd, record())

    assert len(told.arrivals) == 1
    assert len(told.others) == 1 and said in told.others[0]


def test_the_same_creation_has_the_same_name() -> None:
    """However often it is told; another creation of the same content has another."""
    [first] = read(record(sequencer="1", eTag="a")).arrivals
    [again] = read(record(sequencer="1", eTag="a")).arrivals
    [other] = read(record(sequencer="2", eTag="a")).arrivals

    assert first.event == again.event != other.event
