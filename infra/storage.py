"""The store: one root that holds models and evaluations, in an S3 bucket or in a folder.

``open_store`` makes one from its URL; a store pickles as that URL, and ``open_store(store.url)`` is as
good a store. Keys are relative to the root and mean the same in both kinds: ``a/b.txt``, never absolute.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Protocol

from evalcore.errors import InvalidParameter, StorageUnavailable

LONGEST_KEY = 1024
"""Bytes of UTF-8 that a key may have in S3."""

OWN_PREFIX = ".assay"
"""Names that start so are the store's own (locks, temporary files): never listed, never a key."""

_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,61}[A-Za-z0-9]")
_FORMS = "give s3://bucket, s3://bucket/prefix, a folder's path or file:///path"


class WriteConflict(StorageUnavailable):
    """A conditional write came too late: the object is not the one that was read."""


class InputChanged(StorageUnavailable):
    """An object is not, or no longer, the one that was listed."""


@dataclass(frozen=True)
class Entry:
    """One object as it was listed: ``size`` in bytes, ``etag`` without quotes, ``modified`` in UTC."""

    key: str
    size: int
    etag: str | None
    modified: datetime


@dataclass(frozen=True)
class Blob:
    """One object's whole content with its ETag."""

    data: bytes
    etag: str


class Store(Protocol):
    """What both kinds of store do; whatever goes wrong is an ``AssayError``.

    Wrong or missing credentials are ``Unauthorized``, what they may not do is ``Forbidden``, a key that is
    none is ``InvalidParameter``, and everything else that fails is ``StorageUnavailable``.
    """

    @property
    def url(self) -> str:
        """The root as messages show it: ``s3://bucket/prefix`` or the folder's absolute path."""

    def list(self, prefix: str, *, etags: bool = True) -> list[Entry]:
        """All objects whose key starts with ``prefix``, sorted by key.

        Without ``etags`` a folder leaves them None, which saves reading files it does not know yet.
        """

    def children(self, prefix: str) -> list[str]:
        """The names of the folders immediately below the folder ``prefix``, sorted."""

    def read(self, key: str, *, etag: str | None = None) -> Blob | None:
        """An object's content, None where there is none.

        With ``etag``, an object that has another one (or is gone) raises ``InputChanged``.
        """

    def open(self, entry: Entry) -> BinaryIO:
        """The listed object to read and seek in; close it, for a change may come to light only then.

        Raises ``InputChanged``, here or while reading, when it is no longer that object.
        """

    def write(
        self,
        key: str,
        data: bytes,
        *,
        content_type: str,
        if_match: str | None = None,
        if_absent: bool = False,
    ) -> str:
        """Writes an object, which appears at once and whole; its new ETag.

        With ``if_match`` only over the object with that ETag, with ``if_absent`` only where there is none;
        otherwise ``WriteConflict`` is raised and nothing is written.
        """

    def delete(self, keys: Iterable[str]) -> None:
        """Removes objects; one that is not there is no error."""

    def check(self) -> None:
        """Raises the error that says why the store cannot be used; returns where it can be reached."""


def open_store(url: str | os.PathLike[str], *, create: bool = False) -> Store:
    """The store at a URL: ``s3://bucket[/prefix]``, a folder's path or ``file:///path``.

    ``create`` makes a folder that is not there. S3 is asked nothing yet (see ``Store.check``), and where and
    as whom it is reached is boto3's own configuration. Raises InvalidParameter for any other URL, and
    StorageUnavailable for a folder that is not there.
    """
    text = os.fspath(url)
    scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]*)://?|s3:", text)
    if scheme is None:
        path = _path(text)
    elif text[:5].lower() == "s3://":
        return _s3(text)
    elif text[:7].lower() == "file://":
        path = _path_of_file_url(text)
    else:
        raise InvalidParameter(f"not a store: {_shown(text)}", _FORMS)
    from infra.folder import FolderStore

    return FolderStore(path, create=create)


def check_key(key: str) -> str:
    """The key itself; raises InvalidParameter where it would leave the root or cannot be an object's name."""
    parts = key.split("/")
    if not key or any(part in ("", ".", "..") for part in parts):
        raise _bad_key(key, "it is absolute, or a part of it is empty, '.' or '..'")
    if any(part.startswith(OWN_PREFIX) for part in parts):
        raise _bad_key(key, f"names that start with '{OWN_PREFIX}' are the store's own")
    try:
        length = len(key.encode())
    except UnicodeEncodeError:
        raise _bad_key(key, "it is not Unicode text") from None
    if "\0" in key or length > LONGEST_KEY:
        raise _bad_key(key, f"it has a NUL, or more than {LONGEST_KEY} bytes")
    return key


def check_prefix(prefix: str) -> str:
    """The prefix itself, which may be empty or end in a slash or within a name; raises as ``check_key``."""
    if prefix.rstrip("/") and not prefix.endswith("//"):
        check_key(prefix.removesuffix("/"))
    elif prefix:
        raise _bad_key(prefix, "a part of it is empty")
    return prefix


def as_folder(prefix: str) -> str:
    """The prefix that holds everything below the folder: with a slash at its end, "" for the root."""
    return check_prefix(prefix) if not prefix or prefix.endswith("/") else check_prefix(prefix) + "/"


def _bad_key(key: str, why: str) -> InvalidParameter:
    shown = key if len(key) <= 200 else key[:200] + "…"
    return InvalidParameter(
        f"{shown!r} cannot be a key in the store: {why}", "use names joined by single slashes"
    )


def _s3(text: str) -> Store:
    bucket, _, prefix = text[5:].partition("/")
    if not _BUCKET.fullmatch(bucket):
        raise InvalidParameter(f"not a store, for it names no bucket: {_shown(text)}", _FORMS)
    from infra.s3 import S3Store

    return S3Store(bucket, check_prefix(prefix.strip("/")))


def _path(text: str) -> Path:
    if not text.strip() or "\0" in text:
        raise InvalidParameter("the store's path is empty or has a NUL", _FORMS)
    try:
        path = Path(text).expanduser()
    except RuntimeError:
        raise InvalidParameter(f"the store {_shown(text)} names no user's folder", _FORMS) from None
    return Path(os.path.abspath(path))  # noqa: PTH100 (resolving would hide a link's name)


def _path_of_file_url(text: str) -> Path:
    host, slash, path = text[7:].partition("/")
    if host not in ("", "localhost") or not slash:
        raise InvalidParameter(f"not a folder of this machine: {_shown(text)}", _FORMS)
    from urllib.parse import unquote  # only here, for it takes a while to import

    return _path(unquote("/" + path))


def link(url: str, key: str) -> str:
    """The address of an object in a store: ``s3://…`` or ``file:///…``."""
    return f"{url}/{key}" if url.startswith("s3://") else (Path(url) / key).as_uri()


def without_secrets(url: str) -> str:
    """A URL without what may be secret: a user and password, and a query string.

    Both may hold any sign, so everything before the last ``@`` goes but the scheme.
    """
    return re.sub(r"^(\w+://)?.*@", r"\1…@", url, flags=re.DOTALL).split("?")[0]


def _shown(url: str) -> str:
    return repr(without_secrets(url)[:200])
