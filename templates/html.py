"""``report.html``: the report for the screen, one file that needs no other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from templates.formats import Format
from templates.words import vocabulary


def render(summary: Mapping[str, Any]) -> bytes:
    """The report as UTF-8 HTML."""
    from templates.page import page
    from templates.view import report_view

    text = page("report.html.j2", report_view(summary), "tokens.css", "report.css", "heat.css")
    return text.encode("utf-8")


FORMAT = Format(name="report.html", content_type="text/html; charset=utf-8", render=render, load=vocabulary)
