"""Files of a store as tables."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from infra.pieces import TableFile
from infra.storage import Entry, Store


def stored(store: Store, entries: Iterable[Entry]) -> list[TableFile]:
    """Files of a store, to be opened as those that were listed."""
    return [
        TableFile(entry.key, entry.etag or "", entry.size, partial(store.open, entry)) for entry in entries
    ]
