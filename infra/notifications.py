"""What S3 tells of objects that were created, one JSON message each, as a queue hands it over.

Keys come URL-encoded; the first message of a new notification is a test; a message may come twice.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from infra.layout import Target, version_of

_CREATED = ("ObjectCreated:", "s3:ObjectCreated:")
_LONGEST = 200


@dataclass(frozen=True)
class Arrival:
    """A version that has come into the store, for its split ``test``.

    ``event`` is the same for the same creation however often it is told, and another for the next.
    """

    target: Target
    event: str


@dataclass(frozen=True)
class Told:
    """What a message says: the versions that have come, and in words what else it was."""

    arrivals: tuple[Arrival, ...] = ()
    others: tuple[str, ...] = ()
    is_test: bool = False


def read_notification(body: str, bucket: str, prefix: str) -> Told:
    """What a message says to the store in a bucket, below a prefix ("" or with its slash)."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return Told(others=("it is not JSON",))
    if isinstance(document, dict) and document.get("Event") == "s3:TestEvent":
        return Told(is_test=True)
    records = document.get("Records") if isinstance(document, dict) else None
    if not isinstance(records, list) or not records:
        return Told(others=("it is no notification of S3's",))
    read = [_record(record, bucket, prefix) for record in records]
    return Told(
        tuple(each for each in read if isinstance(each, Arrival)),
        tuple(each for each in read if isinstance(each, str)),
    )


def _record(record: Any, bucket: str, prefix: str) -> Arrival | str:
    """The version of one record, or in words what it is instead."""
    try:
        name, found = str(record["eventName"]), record["s3"]
        there, written = found["bucket"]["name"], found["object"]
        key = unquote_plus(written["key"], errors="strict")
    except (AttributeError, KeyError, TypeError, UnicodeDecodeError):
        return "it is no notification of S3's"
    shown = f"s3://{there}/{key}"[:_LONGEST]
    if not name.startswith(_CREATED):
        return f"{shown} was not created ({name[:_LONGEST]})"
    if there != bucket or not key.startswith(prefix):
        return f"{shown} is outside the store s3://{bucket}/{prefix}"
    named = version_of(key.removeprefix(prefix))
    if named is None:
        return f"{shown} is no version.json"
    return Arrival(Target(*named), _event(there, key, written))


def _event(bucket: str, key: str, written: dict[str, Any]) -> str:
    """A name for one creation of an object; ``sequencer`` tells two of the same content apart."""
    facts = (written.get(name) for name in ("versionId", "sequencer", "eTag"))
    return hashlib.sha256("\n".join(map(str, (bucket, key, *facts))).encode()).hexdigest()
