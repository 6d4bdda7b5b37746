"""Times as the store's documents write them."""

from __future__ import annotations

from datetime import UTC, datetime


def utc(time: datetime | None = None) -> str:
    """A time, now where none is given, in UTC to the second: ``2026-11-20T02:00:00Z``."""
    return (time or datetime.now(UTC)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
