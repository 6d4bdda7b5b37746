"""The store in a folder: objects are files, each of which appears at once and whole.

A file is written beside its place under a name of the store's own, forced to the disk and renamed.
Conditional writes hold a lock, one file at the root, while they compare and replace. A symbolic link is
followed within the store; where it leads out, its key is Forbidden, for a store may be shared by people
who may not read everything that its owner may.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

from evalcore.errors import Forbidden, UnreadableFile
from infra import faults, files
from infra.etags import etags_of, md5_of
from infra.storage import (
    OWN_PREFIX,
    Blob,
    Entry,
    WriteConflict,
    as_folder,
    check_key,
    check_prefix,
    open_store,
)

_SET_ASIDE = ("_", ".")


class FolderStore:
    """A store in a folder; see ``Store`` for what each method does."""

    def __init__(self, root: Path, *, create: bool = False) -> None:
        self.root = root
        self.url = str(root)
        with self._telling():
            if create:
                root.mkdir(parents=True, exist_ok=True)
            self._require_root()

    def __reduce__(self) -> tuple[Any, ...]:
        return open_store, (self.url,)

    def list(self, prefix: str, *, etags: bool = True) -> list[Entry]:
        """All files whose key starts with ``prefix``."""
        folder = check_prefix(prefix).rpartition("/")[0]
        with self._telling(prefix):
            found = [
                (key, stat or self._refuse(key)) for key, stat in self._walk(folder) if key.startswith(prefix)
            ]
            if not found:
                self._require_root()
            hashes = etags_of([self.root / key for key, _ in found]) if etags else [None] * len(found)
        entries = [files.entry_of(key, stat, md5) for (key, stat), md5 in zip(found, hashes, strict=True)]
        return sorted((e for e in entries if e.etag or not etags), key=lambda entry: entry.key)

    def children(self, prefix: str) -> list[str]:
        """The names of the folders below ``prefix`` that hold a file."""
        folder = as_folder(prefix).rstrip("/")
        with self._telling(prefix):
            names = [name for name, item in self._scan(folder) if _is_text(name) and item.is_dir()]
            if not names:
                self._require_root()
            return sorted(name for name in names if any(self._walk(_join(folder, name))))

    def read(self, key: str, *, etag: str | None = None) -> Blob | None:
        """A file's content."""
        with self._telling(key):
            data = self._content(key)
        found = None if data is None else Blob(data, md5_of(data))
        if etag is not None and (found is None or found.etag != etag):
            raise files.changed(self.url, key)
        return found

    def open(self, entry: Entry) -> BinaryIO:
        """The listed file, whose size and time are compared now and when it is closed."""
        with self._telling(entry.key):
            path = self._path(entry.key)
            try:
                return files.UnchangedFile(path, entry, self.url)
            except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
                self._require_root()
                raise files.changed(self.url, entry.key) from None

    def write(
        self,
        key: str,
        data: bytes,
        *,
        content_type: str,
        if_match: str | None = None,
        if_absent: bool = False,
    ) -> str:
        """Writes a file (a folder has no place for the content type); its content's MD5."""
        with self._telling(key):
            path = self._path(key)
            self._require_root()
            if if_match is None and not if_absent:
                files.replace(path, data)
                return md5_of(data)
            with files.locked(self.root):
                self._compare(key, if_match)
                files.replace(path, data)
        return md5_of(data)

    def delete(self, keys: Iterable[str]) -> None:
        """Removes files, and the folders that are then empty."""
        for key in list(keys):
            with self._telling(key):
                path = self._path(key)
                with contextlib.suppress(FileNotFoundError, NotADirectoryError, IsADirectoryError):
                    path.unlink()
                    self._prune(path.parent)
        self._require_root()

    def check(self) -> None:
        """Raises unless the folder is there and can be looked into."""
        with self._telling():
            self._require_root()
            os.scandir(self.root).close()

    @contextmanager
    def _telling(self, key: str = "") -> Iterator[None]:
        try:
            yield
        except OSError as failure:
            raise faults.of_os(failure, self.url, key) from failure

    def _require_root(self) -> None:
        if not self.root.is_dir():
            raise faults.no_folder(self.url)

    def _path(self, key: str) -> Path:
        """Where the key lies; raises unless that is within the root, links followed."""
        path = self.root / check_key(key)
        self._require_within(path, key)
        return path

    def _require_within(self, path: Path, key: str) -> None:
        root = os.path.realpath(self.root)
        if os.path.commonpath([root, os.path.realpath(path)]) != root:
            raise Forbidden(
                f"{self.url}/{key} is a link that leads out of the store",
                "put the files themselves there",
                store=self.url,
                key=key,
            )

    def _content(self, key: str) -> bytes | None:
        try:
            return self._path(key).read_bytes()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            self._require_root()
            return None

    def _scan(self, folder: str) -> list[tuple[str, os.DirEntry[str]]]:
        """The named things in a folder that are not the store's own; none where there is no such folder."""
        try:
            with os.scandir(self.root / folder) as items:
                return [(item.name, item) for item in items if not item.name.startswith(OWN_PREFIX)]
        except (FileNotFoundError, NotADirectoryError):
            return []

    def _walk(
        self, folder: str, above: frozenset[str] = frozenset()
    ) -> Iterator[tuple[str, os.stat_result | None]]:
        """Key and state of every file below, None for what is none (a link to nothing, a pipe).

        A link that leads into a folder above itself is not followed, and a folder whose name is not Unicode
        holds no key. Names that start with ``_`` or ``.`` are set aside: they may be anything.
        """
        here = os.path.realpath(self.root / folder)
        if here in above:
            return
        self._require_within(self.root / folder, folder)
        for name, item in self._scan(folder):
            if not _is_text(name):
                if not item.is_dir() and not name.startswith(_SET_ASIDE):
                    yield _join(folder, name), None
                continue
            key = check_key(_join(folder, name))
            if item.is_symlink():
                self._require_within(self.root / key, key)
            if item.is_dir():
                yield from self._walk(key, above | {here})
            elif item.is_file():
                with contextlib.suppress(FileNotFoundError):
                    yield key, item.stat()
            elif not name.startswith(_SET_ASIDE):
                yield key, None

    def _refuse(self, key: str) -> NoReturn:
        name = key.rpartition("/")[2]
        raise UnreadableFile(
            f"{self.url}/{shown(key)} "
            + ("is neither a file nor a folder" if _is_text(name) else "has a name that is not Unicode"),
            "remove it, or put the file itself there",
            store=self.url,
            key=shown(key),
        )

    def _compare(self, key: str, if_match: str | None) -> None:
        data = self._content(key)
        if data is None if if_match is None else data is not None and md5_of(data) == if_match:
            return
        raise WriteConflict(
            f"{self.url}/{key} was written by another run meanwhile", "run it again", store=self.url, key=key
        )

    def _prune(self, folder: Path) -> None:
        """Removes the folder and those above while they are empty, but never the root."""
        while folder != self.root and folder.is_relative_to(self.root):
            try:
                files.clear_abandoned(folder)
                folder.rmdir()
            except FileNotFoundError:
                pass
            except OSError:  # it is in use, or a link, or not ours to remove
                return
            folder = folder.parent


def _is_text(name: str) -> bool:
    """Whether a name is Unicode: what is not can be no key."""
    return not any("\ud800" <= sign <= "\udfff" for sign in name)


def shown(key: str) -> str:
    """A path as text: what of it is not Unicode, as a name need not be, as escapes."""
    return key.encode(errors="backslashreplace").decode()


def _join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name
