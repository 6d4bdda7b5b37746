"""``model.json`` and ``version.json``: read, and checked as far as the store itself goes by them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from evalcore.errors import InvalidSettings
from infra import documents, layout
from infra.storage import Entry, InputChanged, Store

_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")
_NO_TIME = datetime.fromisoformat("0001-01-01T00:00:00+00:00")


def read_settings(store: Store, entry: Entry, name: str, expected: str) -> dict[str, Any] | None:
    """A settings file that was listed, None if it has gone since.

    Raises InvalidSettings where it is broken, or where the id under ``name`` is not the ``expected`` one of
    its folder; InputChanged where it keeps changing.
    """
    try:
        blob = store.read(entry.key, etag=entry.etag)
    except InputChanged:
        listed = store.list(entry.key)
        fresh = next((other for other in listed if other.key == entry.key), None)
        blob = None if fresh is None else store.read(fresh.key, etag=fresh.etag)
    if blob is None:
        return None
    document = documents.parse(blob.data, entry.key)
    if document.get(name, expected) != expected:
        raise InvalidSettings(
            f"{name} in {entry.key} is {str(document[name])[:140]!r}, but its folder says {expected!r}",
            "make them the same, or leave it out",
            key=entry.key,
            setting=name,
        )
    return document


def created_at(document: dict[str, Any], key: str) -> datetime:
    """When a version was made, the beginning of time where it does not say; raises InvalidSettings."""
    value = document.get("created_at")
    if value is None:
        return _NO_TIME
    try:
        if _TIME.fullmatch(value):
            return datetime.fromisoformat(value.upper()).astimezone(UTC)
    except (TypeError, ValueError, OverflowError):  # the last: in UTC it is of no year from 1 to 9999
        pass
    raise InvalidSettings(
        f"created_at in {key} is {str(value)[:60]!r}, not a time",
        "write it with its offset, such as 2026-11-20T02:00:00Z",
        key=key,
        setting="created_at",
    )


def version_named(document: dict[str, Any], name: str, key: str) -> str | None:
    """The version that a setting names, None where it names none; raises InvalidSettings."""
    value = document.get(name)
    if value is None or layout.is_id(value):
        return value
    raise InvalidSettings(
        f"{name} in {key} is {str(value)[:140]!r}, not a version's id",
        "name a version, or leave it out",
        key=key,
        setting=name,
    )
