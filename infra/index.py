"""``evaluations/index.json`` and the page made from it: every evaluation's verdict and headline in one place.

The index is derived: where it is missing, broken or old it is read again from the summaries. Writers
change it one after the other, each on top of what the others have written.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from random import uniform
from typing import NamedTuple

from evalcore.errors import InvalidSettings
from infra import documents, layout
from infra.entries import Document, entry_of, failed_entry, merged, target_of
from infra.layout import Target
from infra.publish import stored
from infra.storage import Store, WriteConflict

SCHEMA_VERSION = "1.1"

Render = Callable[[Document], bytes]
Entries = dict[str, Document]
"""Entries by their key."""

_NIGHT = ("run", "started_at", "finished_at", "split", "planned", "counts")
_ATTEMPTS = 20
_LONGEST_PAUSE = 2.0
_READERS = 8
_HTML = "text/html; charset=utf-8"


def update_index(
    store: Store,
    changes: Iterable[Document],
    render: Render,
    *,
    promoted: Mapping[str, str | None] | None = None,
    night: Document | None = None,
) -> Document:
    """Bring entries into the index, and the page after it; nothing is written where nothing changes.

    ``changes`` come from ``entry_of`` and ``failed_entry``; ``promoted`` gives models' promoted versions,
    to be marked in all their entries; ``night`` is the record of the night that brings them, which the index
    then names; ``render`` makes the page of an index. What another writer has
    replaced in the store since is left out, for that writer to tell. Returns the index. Raises WriteConflict
    after many lost races.
    """
    changes = list(changes)

    def change(entries: Entries) -> Entries:
        return _marked(merged(entries, _still_so(store, entries, changes)), promoted or {})

    return _settle(store, change, render, night)


def read_index(store: Store) -> Document | None:
    """The index as it is stored, None where it is missing or broken."""
    found = _read(store)
    return None if found is None or found.entries is None else _index(found.entries, found.night)


def in_force(
    entries: Iterable[Document], model_id: str, dataset_split: str, checkpoint: str | None = None
) -> Target | None:
    """The evaluation that people go by at a model, as the index's entries tell; None where there is none.

    It is the promoted version's, or the newest where none is promoted. Who cannot read the model's own
    settings asks for it: what goes wrong then belongs beside it.
    """
    own = [entry for entry in entries if entry["model_id"] == model_id]
    own = [entry for entry in own if entry["promoted"]] or own
    place = dataset_split, checkpoint
    alike = [entry for entry in own if (entry["dataset_split"], entry["checkpoint"]) == place]
    newest = max(alike, key=lambda entry: entry["created_at"] or "", default=None)
    return newest and target_of(newest)


def read_entries(store: Store) -> Entries:
    """Every evaluation's entry, from the summaries and failures themselves."""
    found = (layout.evaluated(listed.key) for listed in store.list(layout.EVALUATIONS, etags=False))
    wanted = [item for item in found if item is not None and item[1] in ("summary.json", "failure.json")]
    models = sorted({target.model_id for target, _ in wanted})
    with ThreadPoolExecutor(_READERS) as readers:
        read = readers.map(lambda name: _read_object(store, layout.model_key(name)), models)
        settings = dict(zip(models, read, strict=True))
        changes = list(readers.map(lambda item: _change(store, item, settings[item[0].model_id]), wanted))
    return merged({}, [change for change in changes if change])


# -- the loop ----------------------------------------------------------------------------------------


def _settle(
    store: Store, change: Callable[[Entries], Entries], render: Render, night: Document | None
) -> Document:
    """Apply a change until it is in the index, and the page shows the index that is there."""
    for attempt in range(_ATTEMPTS):
        try:
            index, etag = _write_index(store, change, night)
        except WriteConflict:
            if attempt == _ATTEMPTS - 1:
                raise
            time.sleep(uniform(0, min(_LONGEST_PAUSE, 0.05 * 2**attempt)))
            continue
        _write_page(store, render(index))
        # Another writer's page may have come before ours, with an index that came after ours.
        blob = store.read(layout.INDEX_JSON)
        if blob is not None and blob.etag == etag:
            break
    return index


def _write_index(
    store: Store, change: Callable[[Entries], Entries], night: Document | None
) -> tuple[Document, str]:
    found = _read(store) or _Found(None, None, b"", SCHEMA_VERSION)
    told = found.entries if found.version == SCHEMA_VERSION else None  # an older one tells less of each
    entries = change(read_entries(store) if told is None else told)
    index = _index(entries, _to_tell_of(found.night, night, entries != told))
    new, etag = documents.dump(index), found.etag
    if etag is None or new != found.data:
        etag = documents.replace(store, layout.INDEX_JSON, new, etag)
    return index, etag


def _write_page(store: Store, page: bytes) -> None:
    found = store.read(layout.INDEX_HTML)
    if found is None or found.data != page:
        store.write(layout.INDEX_HTML, page, content_type=_HTML)


class _Found(NamedTuple):
    """The stored index: its entries (None: broken), its ETag and text, whose form it has, and its night."""

    entries: Entries | None
    etag: str | None
    data: bytes
    version: object
    night: Document | None = None


def _read(store: Store) -> _Found | None:
    """The index as it lies in the store; None where there is none."""
    blob = store.read(layout.INDEX_JSON)
    if blob is None:
        return None
    try:
        index = documents.parse(blob.data, layout.INDEX_JSON)
        entries, night = merged({}, index["evaluations"]), last_night(index.get("night"))
        return _Found(entries, blob.etag, blob.data, index.get("schema_version"), night)
    except (InvalidSettings, KeyError, TypeError, ValueError):
        return _Found(None, blob.etag, blob.data, None)


def _index(entries: Mapping[str, Document], night: Document | None) -> Document:
    ordered = [entries[key] for key in sorted(entries)]
    told = {} if night is None else {"night": night}
    return {"schema_version": SCHEMA_VERSION, **told, "evaluations": ordered}


def last_night(record: Document | None) -> Document | None:
    """What the index keeps of a night's record: all but the lines."""
    return None if record is None else {name: record[name] for name in _NIGHT}


def _to_tell_of(told: Document | None, night: Document | None, changed: bool) -> Document | None:
    """The night that the index names: this one, if it has news.

    One that finds everything up to date leaves the index as it is, so that it writes its record alone. But a
    night that failed or was cut short is not the last to be told of once another has come after it.
    """
    mended = told is not None and (told["finished_at"] is None or "failed" in told["counts"])
    news = night is not None and (changed or mended or "failed" in night["counts"])
    return last_night(night) if news else told


def _still_so(store: Store, entries: Entries, changes: list[Document]) -> list[Document]:
    """What the changes tell of what the store holds now; nothing is asked of what the index says already."""
    with ThreadPoolExecutor(_READERS) as readers:
        told = readers.map(lambda change: _holding(store, entries.get(change["key"], {}), change), changes)
        return [change for change in told if change]


def _holding(store: Store, entry: Document, change: Document) -> Document:
    """The change where it is of the evaluation in force, or of a failure that nobody has made good."""
    target, etag = target_of(change), change.get("summary_etag")
    failure = layout.failure_key(target)
    if change["failure"]:
        known = entry.get("failure") == change["failure"]
        return change if known or store.list(failure, etags=False) else {}
    if entry.get("summary_etag") != etag:
        summaries = store.list(layout.summary_key(target))
        if etag not in [summary.etag for summary in summaries]:
            return {}
    if entry.get("failure") and store.list(failure, etags=False):  # a later attempt's
        return {**change, "failure": entry["failure"]}
    return change


def _marked(entries: Entries, promoted: Mapping[str, str | None]) -> Entries:
    for key, entry in entries.items():
        if entry["model_id"] in promoted:
            entries[key] = {**entry, "promoted": promoted[entry["model_id"]] == entry["version_id"]}
    return entries


# -- reading it all again ----------------------------------------------------------------------------


def _change(store: Store, item: tuple[Target, str], model: Document) -> Document | None:
    """What one stored file says about its evaluation, None where it is damaged or has gone."""
    target, name = item
    promoted = target.version_id == model.get("promoted_version")
    try:
        if name == "failure.json":
            error = _read_object(store, layout.failure_key(target))
            version = _read_object(store, layout.version_key(target.model_id, target.version_id))
            return failed_entry(target, error, model, version) if error else None
        found = stored(store, target)
        entry = entry_of(found.document, found.etag, promoted) if found else {}
    except (InvalidSettings, KeyError, TypeError, AttributeError):
        return None
    # What failed is told by failure.json, which may have been read before.
    return {name: value for name, value in entry.items() if name != "failure"} or None


def _read_object(store: Store, key: str) -> Document:
    """A JSON object of the store, empty where it is not there or damaged."""
    blob = store.read(key)
    try:
        return documents.parse(blob.data, key) if blob else {}
    except InvalidSettings:
        return {}
