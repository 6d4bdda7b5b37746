"""An evaluation in the store: put in force in one write, mended after an interruption, cleared of old ones.

Whoever goes by ``summary.json`` sees the old evaluation or the new one, whole, whatever is killed when: the
artifacts are there before it names them, and what it names is never changed. The copies beside it are for
links that people keep; they follow it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath
from typing import Any, Protocol

from evalcore.errors import AssayError, InvalidSettings, StorageUnavailable
from infra import documents, layout
from infra.layout import Target
from infra.storage import Entry, Store, WriteConflict

_KEPT = timedelta(days=1)
_AGAIN = "evaluate it again with --force"
_CONTENT_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".json": "application/json",
    ".md": "text/markdown; charset=utf-8",
    ".pdf": "application/pdf",
    ".xml": "application/xml",
}

Document = dict[str, Any]


class File(Protocol):
    """A rendered artifact."""

    @property
    def data(self) -> bytes:
        """Its content."""

    @property
    def content_type(self) -> str:
        """Its Content-Type."""


@dataclass(frozen=True)
class Stored:
    """The evaluation in force: its summary (empty where ``summary.json`` is damaged) and ETag."""

    document: Document
    etag: str


class Damaged(StorageUnavailable):
    """An artifact is not what the summary says and cannot be mended: the evaluation is to be made again."""


def stored(store: Store, target: Target) -> Stored | None:
    """The evaluation in force, None where there is none."""
    key = layout.summary_key(target)
    blob = store.read(key)
    if blob is None:
        return None
    try:
        return Stored(documents.parse(blob.data, key), blob.etag)
    except InvalidSettings:
        return Stored({}, blob.etag)


def publish(
    store: Store, target: Target, document: Document, files: Mapping[str, File], previous_etag: str | None
) -> Stored:
    """Put an evaluation in force if the one that was read (``previous_etag``, None: none) still is.

    Returns it, its summary with ``artifacts``. Raises WriteConflict where another writer was faster: then
    read again and start over.
    """
    folder = layout.evaluation_folder(target)
    artifacts = {name: _put_artifact(store, target, document, name, file) for name, file in files.items()}
    document = _with_artifacts(document, artifacts)
    etag = documents.replace(store, folder + "summary.json", documents.dump(document), previous_etag)
    for name, file in files.items():
        store.write(folder + name, file.data, content_type=file.content_type)
    store.delete([layout.failure_key(target)])
    _follow(store, target, etag)
    return Stored(document, etag)


def record_failure(store: Store, target: Target, error: AssayError) -> None:
    """Write ``failure.json``; the evaluation in force stays as it is."""
    key = layout.failure_key(target)
    store.write(key, documents.dump(documents.plain(error.document())), content_type=documents.JSON)


def is_failing(store: Store, target: Target, found: Stored | None) -> bool:
    """Whether the last attempt failed, or a gate of the evaluation in force (``found``)."""
    if found is not None and found.document.get("verdict") == "fail":
        return True
    return bool(store.list(layout.failure_key(target), etags=False))


def mend(store: Store, target: Target, found: Stored) -> list[str]:
    """Make again what an interrupted run left undone; the keys written or deleted.

    Goes by one listing: content is read only of what differs there. An evaluation that is not in force any
    more is left to the writer of the next. Raises Damaged where an artifact is lost for good.
    """
    folder = layout.evaluation_folder(target)
    listed = {entry.key.removeprefix(folder): entry for entry in store.list(folder)}
    artifacts = _artifacts(target, found)
    undone = {name: line for name, line in artifacts.items() if not _alike(listed, name, line)}
    if (undone or "failure.json" in listed) and not _in_force(store, target, found):
        return []
    mended = []
    for name, artifact in undone.items():
        mended += _mend_one(store, folder, name, artifact)
    if "failure.json" in listed:
        store.delete([layout.failure_key(target)])
        mended.append(layout.failure_key(target))
    return mended


def sweep(store: Store, target: Target, evaluation: str, *, now: datetime | None = None) -> list[str]:
    """Delete the artifact folders of other evaluations whose newest file is a day old; the keys deleted."""
    limit = (now or datetime.now(UTC)) - _KEPT
    kept = {layout.artifact_folder(evaluation)}
    if not _old_artifacts(store, target, limit, kept):
        return []
    # Another writer may have put one of them in force since the caller read the summary, or be about to:
    # then its files are new by now, and the listing that counts is the one right before the deletion.
    keys = _old_artifacts(store, target, limit, kept | _folders_in_force(store, target))
    store.delete(keys)
    return keys


def _old_artifacts(store: Store, target: Target, limit: datetime, kept: set[str]) -> list[str]:
    """The keys in artifact folders, but for those that are ``kept``, whose newest file is of ``limit``."""
    groups: dict[str, list[Entry]] = {}
    for entry in store.list(layout.evaluation_folder(target), etags=False):
        folder = layout.artifact_folder_of(target, entry.key)
        if folder is not None and folder not in kept:
            groups.setdefault(folder, []).append(entry)
    old = [entries for entries in groups.values() if max(entry.modified for entry in entries) <= limit]
    return [entry.key for entries in old for entry in entries]


def _folders_in_force(store: Store, target: Target) -> set[str]:
    found = stored(store, target)
    artifacts = _artifacts_or_none(target, found) if found else {}
    return {f"{artifact['key'].partition('/')[0]}/" for artifact in artifacts.values()}


def _follow(store: Store, target: Target, etag: str) -> None:
    """Our copies may have come after those of a writer whose summary came after ours."""
    found = stored(store, target)
    if found and found.etag != etag:
        mend(store, target, found)


# -- artifacts ---------------------------------------------------------------------------------------


def _put_artifact(store: Store, target: Target, document: Document, name: str, file: File) -> Document:
    """Write one artifact; its line in the summary, with the key relative to the evaluation folder."""
    facts = {"size": len(file.data), "sha256": hashlib.sha256(file.data).hexdigest()}
    key = layout.artifact_folder(document["evaluation"]) + name
    folder = layout.evaluation_folder(target)
    try:
        store.write(folder + key, file.data, content_type=file.content_type, if_absent=True)
    except WriteConflict:
        key = _beside(store, target, key, file, facts)
        # Written even where it is the same: a sweep goes by the age.
        store.write(folder + key, file.data, content_type=file.content_type)
    return {"key": key, **facts}


def _beside(store: Store, target: Target, key: str, file: File, facts: Document) -> str:
    """The key for an artifact whose own key is taken.

    Its own where the content is the same, or was and is damaged. Otherwise, since what a summary names is
    never changed (the same evaluation may look different where other fonts are), one by its content.
    """
    taken = store.read(layout.evaluation_folder(target) + key)
    if taken is None or taken.data == file.data:
        return key
    found = stored(store, target)
    if found and {"key": key, **facts} in _artifacts_or_none(target, found).values():
        return key
    path = PurePosixPath(key)
    return str(path.with_name(f"{path.stem}-{facts['sha256'][:8]}{path.suffix}"))


def _artifacts(target: Target, found: Stored) -> dict[str, Document]:
    artifacts: Any = found.document.get("artifacts")
    try:
        lines = {
            name: {key: line[key] for key in ("key", "size", "sha256")} for name, line in artifacts.items()
        }
    except (AttributeError, KeyError, TypeError):
        lines = None
    if lines is None or not all(isinstance(line["key"], str) for line in lines.values()):
        raise Damaged(f"{layout.summary_key(target)} names no artifacts", _AGAIN)
    return lines


def _artifacts_or_none(target: Target, found: Stored) -> dict[str, Document]:
    try:
        return _artifacts(target, found)
    except Damaged:  # it is about to be made again
        return {}


def _with_artifacts(document: Document, artifacts: Document) -> Document:
    """The summary with its artifacts, and the provenance last, where it hides nothing."""
    rest = {name: value for name, value in document.items() if name not in ("artifacts", "provenance")}
    last = {"provenance": document["provenance"]} if "provenance" in document else {}
    return {**rest, "artifacts": artifacts, **last}


def _alike(listed: Mapping[str, Entry], name: str, artifact: Document) -> bool:
    """Whether the listing shows the artifact and an equal copy; they may be equal even so (KMS on S3)."""
    own, copy = listed.get(artifact["key"]), listed.get(name)
    return bool(own and copy and own.size == copy.size == artifact["size"] and own.etag == copy.etag)


def _in_force(store: Store, target: Target, found: Stored) -> bool:
    now = stored(store, target)
    return now is not None and now.etag == found.etag


def _mend_one(store: Store, folder: str, name: str, artifact: Document) -> list[str]:
    contents = {key: _content(store, folder + key) for key in (artifact["key"], name)}
    good = [data for data in contents.values() if data is not None and _is(data, artifact)]
    if not good:
        raise Damaged(f"{folder}{artifact['key']} is not what summary.json says", _AGAIN)
    undone = [key for key, data in contents.items() if data != good[0]]
    for key in undone:
        kind = _CONTENT_TYPES.get(PurePosixPath(name).suffix, "application/octet-stream")
        store.write(folder + key, good[0], content_type=kind)
    return [folder + key for key in undone]


def _content(store: Store, key: str) -> bytes | None:
    blob = store.read(key)
    return None if blob is None else blob.data


def _is(data: bytes, artifact: Document) -> bool:
    return hashlib.sha256(data).hexdigest() == str(artifact["sha256"])
