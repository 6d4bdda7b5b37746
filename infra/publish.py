"""An evaluation in the store: put in force in one write, mended after an interruption, cleared of old ones.

Whoever goes by ``summary.json`` sees the old evaluation or the new one, whole, whatever is killed when: the
artifacts are there before it names them, and what it names is never changed. The copies beside it are for
links that people keep; they follow it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import Any, Protocol

from evalcore.errors import AssayError, InvalidSettings, StorageUnavailable
from infra import documents, layout
from infra.clock import utc
from infra.layout import Target
from infra.storage import Entry, Store, WriteConflict

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
    """The evaluation in force: its summary (empty where ``summary.json`` is damaged) and ETag.

    ``places`` says where each artifact lies, and the ETags of it and of its copy (None of what is not there);
    it is empty until the evaluation was published or mended.
    """

    document: Document
    etag: str
    places: Document = field(default_factory=dict)


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
    return finished(store, target, Stored(document, etag))


def record_failure(store: Store, target: Target, error: AssayError) -> Document:
    """Write ``failure.json``, the error and when it was; the evaluation in force stays as it is.

    Returns what was written.
    """
    failure = documents.plain({**error.document(), "at": utc()})
    store.write(layout.failure_key(target), documents.dump(failure), content_type=documents.JSON)
    return failure


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


def finished(store: Store, target: Target, found: Stored) -> Stored:
    """The evaluation with its places, once a failure that it makes good is no longer told of.

    Our copies may have come after those of a writer whose summary came after ours: then they follow that one.
    """
    folder = layout.evaluation_folder(target)
    etags = {entry.key.removeprefix(folder): entry.etag for entry in store.list(folder)}
    if "failure.json" in etags:
        store.delete([layout.failure_key(target)])
    if etags.get("summary.json") != found.etag:
        later = stored(store, target)
        if later and later.etag != found.etag:
            mend(store, target, later)
    places = {
        name: {"key": line["key"], "etags": [etags.get(key) for key in (line["key"], name)]}
        for name, line in artifacts_of(target, found).items()
    }
    return replace(found, places=places)


def is_whole(target: Target, entry: Document, etags: Mapping[str, str | None]) -> bool:
    """Whether nothing has changed of an evaluation that was whole when it came into the index.

    ``entry`` is the index's, ``etags`` are those of at least the evaluation's keys now. Where it cannot be
    told, it is not: ``mend`` looks closer.
    """
    folder = layout.evaluation_folder(target)
    known = {"summary.json": entry["summary_etag"]}
    for name, line in entry["artifacts"].items():
        known |= zip((line["key"], name), line["etags"], strict=True)
    return (
        bool(entry["artifacts"])
        and entry["failure"] is None
        and layout.failure_key(target) not in etags
        and all(etag is not None and etags.get(folder + key) == etag for key, etag in known.items())
    )


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
    if found and {"key": key, **facts} in artifacts_of(target, found).values():
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


def artifacts_of(target: Target, found: Stored) -> dict[str, Document]:
    """The lines of a summary's artifacts by name; none where it is damaged."""
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
