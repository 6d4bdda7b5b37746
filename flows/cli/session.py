"""What every command shares: the store it works on, and where its output goes."""

from __future__ import annotations

import json
import os
import sys
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from evalcore.errors import StorageUnavailable
from flows import progress

if TYPE_CHECKING:
    from infra.storage import Store

DEFAULT_STORE = "./assay-store"
_ELSEWHERE = "make room, or send the output elsewhere"


class PipeClosed(Exception):
    """Standard output was closed by whoever read it."""


class NoOutput(StorageUnavailable):
    """Standard output takes nothing: it is closed, or its disk is full."""


@dataclass(frozen=True)
class Session:
    """The common options of one command, and its output; ``named`` is the store of ``--store``."""

    named: str | None
    json: bool = False
    quiet: bool = False
    debug: bool = False

    @property
    def store_url(self) -> str:
        """The store's URL: the option, else the environment, else the default folder."""
        return self.named or os.environ.get("ASSAY_STORE") or DEFAULT_STORE

    def store(self, *, create: bool = False) -> Store:
        """The store that was named; raises what ``open_store`` raises."""
        from infra.storage import open_store

        return open_store(self.store_url, create=create)

    def progress(self, level: int) -> AbstractContextManager[None]:
        """Shows, on standard error, how far the work within is."""
        level = progress.TRACES if self.debug else level
        return progress.shown(sys.stderr, level, wanted=not self.quiet)

    def say(self, text: str = "") -> None:
        """A line (or more) for people: nowhere with ``--quiet`` or ``--json``."""
        if not (self.quiet or self.json):
            write(text + "\n")

    def document(self, document: Any) -> None:
        """A JSON document on standard output, strict and in full precision."""
        write(json.dumps(document, ensure_ascii=False, allow_nan=False, indent=1) + "\n")


def write(text: str) -> None:
    """Text on standard output; a name that the terminal's encoding lacks is escaped, not fatal.

    Raises NoOutput where it cannot be written.
    """
    if sys.stdout is None:  # what Python makes of one that was closed from the start
        raise NoOutput("standard output is closed", _ELSEWHERE)
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except UnicodeEncodeError:
        write(text.encode("ascii", "backslashreplace").decode())
    except BrokenPipeError:
        raise PipeClosed from None
    except OSError as error:
        discard_output()
        raise NoOutput(f"standard output cannot be written: {error.strerror}", _ELSEWHERE) from error


def flush() -> None:
    """What has gone to standard output is there; raises as ``write``."""
    if sys.stdout is not None:
        write("")


def discard_output() -> None:
    """Have the interpreter throw away what standard output did not take, which it would try to flush."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
