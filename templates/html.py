"""``report.html``: the report for the screen, one file that needs no other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from templates.formats import Format
from templates.words import vocabulary

STYLES = ("tokens.css", "report.css", "charts.css", "controls.css", "heat.css")
SCRIPTS = ("figures.js", "threshold.js", "examples.js", "sorting.js")


def render(summary: Mapping[str, Any]) -> bytes:
    """The report as UTF-8 HTML."""
    from templates.operating import script_data
    from templates.page import page
    from templates.view import report_view

    view, data = report_view(summary), script_data(summary)
    return page("report.html.j2", view, *STYLES, code=SCRIPTS, data=data).encode("utf-8")


FORMAT = Format(name="report.html", content_type="text/html; charset=utf-8", render=render, load=vocabulary)
