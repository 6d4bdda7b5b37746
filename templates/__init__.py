"""How an evaluation looks: the files that are made from a summary, and the page over all of them.

Each format is one module of this package that ends in ``FORMAT = Format(...)``; a new module is a new
format. The same summary always gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from templates.formats import Format, Rendered

__all__ = ["REPORTS_VERSION", "Format", "Rendered", "formats", "render", "render_index"]

REPORTS_VERSION = "4"
"""Goes up with every change that alters a file's bytes; evaluations made before are then due again."""

# Of these nothing is shown: they differ from run to run, or are not known before the files are made.
_NOT_SHOWN = ("artifacts", "provenance")


@cache
def formats() -> tuple[Format, ...]:
    """Every format of this package, by name."""
    modules = (import_module(f"{__name__}.{found.name}") for found in iter_modules(__path__))
    found = [module.FORMAT for module in modules if hasattr(module, "FORMAT")]
    return tuple(sorted(found, key=lambda each: each.name))


def render(summary: Mapping[str, Any]) -> dict[str, Rendered]:
    """Every file of one evaluation, by name, from its summary alone."""
    shown = {key: value for key, value in summary.items() if key not in _NOT_SHOWN}
    return {each.name: Rendered(each.render(shown), each.content_type) for each in formats()}


def load() -> None:
    """Load what rendering needs, which takes a second, before there is something to render."""
    for each in formats():
        each.load()


def render_index(index: Mapping[str, Any]) -> bytes:
    """The page over all evaluations, as UTF-8 HTML, from the document ``evaluations/index.json``."""
    from templates.index import render_page

    return render_page(index)
