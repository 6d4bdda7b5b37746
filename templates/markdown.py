"""Markdown as GitHub and GitLab render it: names from the data are text in it and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from templates.words import pieces, runs_from_right, visible

_MARKUP = re.compile(r"[\\`*_\[\]{}#+!|~$]")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_ACTED_ON = re.compile(r"(?<=[@#:])(?=[\w/+-])|(?<=www)(?=\.)", re.IGNORECASE)


def escaped(text: object) -> str:
    """Text whose characters stand for themselves: no markup, no line of its own, no mention, no link.

    Sites look for ``@name``, ``#12``, ``:word:`` and addresses after the markup is gone, where no backslash
    helps; an empty comment in their midst does.
    """
    parts = _ACTED_ON.split(visible(text))
    return "<!-- -->".join(_plain(part) for part in parts)


def _plain(text: str) -> str:
    marked = re.sub(r"[&<>]", lambda found: _ENTITIES[found[0]], text)
    return _MARKUP.sub(r"\\\g<0>", marked)


def name(text: object) -> str:
    """A name from the data; one that is written from right to left keeps that to itself."""
    shown = visible(text)
    if runs_from_right(shown):
        return f"<bdi>{escaped(shown)}</bdi>"
    return escaped(shown)


def sentence(text: object, *names: object) -> str:
    """A sentence in which the labels, or other names from the data, that it speaks of are names."""
    return "".join(name(part) if is_name else escaped(part) for part, is_name in pieces(text, *names))


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """The lines of a table whose cells are Markdown already; a title with `` :`` at its end is of numbers."""
    heads = [column.removesuffix(" :") for column in columns]
    rules = ["---:" if column.endswith(" :") else "---" for column in columns]
    return [_line(heads), _line(rules), *map(_line, rows)]


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
