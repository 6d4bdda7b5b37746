"""What an output format is: a file name, a content type and a function from summary to bytes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Format:
    """One file of an evaluation; ``render`` sees the summary and nothing else.

    ``load`` loads the libraries it needs, for a process that has time before the first summary comes.
    """

    name: str
    content_type: str
    render: Callable[[Mapping[str, Any]], bytes]
    load: Callable[[], object] = lambda: None


@dataclass(frozen=True)
class Rendered:
    """One file, ready to be stored."""

    data: bytes
    content_type: str
