"""Makes the demonstration's store: a copy of the tree that comes with the package."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import TYPE_CHECKING

from infra.etags import md5_of

if TYPE_CHECKING:
    from infra.storage import Entry, Store

_CONTENT_TYPES = {"json": "application/json", "parquet": "application/vnd.apache.parquet"}


def build_store(store: Store) -> list[str]:
    """Write the demonstration's models into the store and return the keys that had to be written.

    What is there already with equal content stays untouched; what differs is replaced, and nothing else in
    the store is looked at. Whatever interrupts it, no version and no model is visible before it is whole.
    Raises what the store raises.
    """
    tree = sorted(_files(), key=_turn)
    models = sorted({"/".join(key.split("/")[:2]) for key, _ in tree})
    there = {entry.key: entry for model in models for entry in store.list(f"{model}/")}
    written = []
    for key, data in tree:
        if key in there and _equal(store, there[key], data):
            continue
        store.write(key, data, content_type=_CONTENT_TYPES[key.rpartition(".")[2]])
        written.append(key)
    return written


def _turn(item: tuple[str, bytes]) -> tuple[int, str]:
    """Predictions come first, then what makes a version exist, then what makes its model exist."""
    key, _ = item
    documents = ("version.json", "model.json")
    name = key.rpartition("/")[2]
    return (documents.index(name) + 1 if name in documents else 0), key


def _equal(store: Store, entry: Entry, data: bytes) -> bool:
    """Whether an object has this content: by its ETag, or by reading where the ETag is not an MD5."""
    if entry.size != len(data):
        return False
    if entry.etag == md5_of(data):
        return True
    blob = store.read(entry.key)
    return blob is not None and blob.data == data


def _files() -> Iterator[tuple[str, bytes]]:
    yield from _walk(files(__package__) / "data" / "models", "models")


def _walk(folder: Traversable, key: str) -> Iterator[tuple[str, bytes]]:
    for child in folder.iterdir():
        below = f"{key}/{child.name}"
        if child.is_dir():
            yield from _walk(child, below)
        elif not child.name.startswith("."):
            yield below, child.read_bytes()
