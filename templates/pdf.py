"""``report.pdf``: the report for paper, tagged for screen readers (PDF/UA-1)."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import cache
from threading import Lock
from typing import Any

from evalcore.garbage import uncollected
from templates.formats import Format

# Pango's fonts are not for two threads at once; drawing holds the interpreter anyway, so nothing is lost.
_DRAWING = Lock()
_STYLES = ("tokens.css", "paper.css", "heat.css")


@cache
def _prepared() -> tuple[Any, Any, Any]:
    """Fonts, the parsed stylesheet and the fetcher: the same for every report of a process."""
    from weasyprint import CSS
    from weasyprint.text.fonts import FontConfiguration
    from weasyprint.urls import URLFetcher

    from templates.page import paper_stylesheet

    # Its remarks about styles are for us, not for whoever runs an evaluation.
    logging.getLogger("weasyprint").setLevel(logging.CRITICAL)
    logging.getLogger("fontTools").setLevel(logging.CRITICAL)
    fonts = FontConfiguration()
    fetcher = URLFetcher(allowed_protocols=("data",))
    style = CSS(string=paper_stylesheet(*_STYLES), font_config=fonts, url_fetcher=fetcher)
    return fonts, style, fetcher


def render(summary: Mapping[str, Any]) -> bytes:
    """The report as PDF; the same summary gives the same bytes."""
    from weasyprint import HTML

    from templates.page import page
    from templates.paper import paper_view

    text = page("report.html.j2", paper_view(summary))
    with _DRAWING, uncollected():  # a page is tens of thousands of living boxes
        fonts, style, fetcher = _prepared()
        return HTML(string=text, url_fetcher=fetcher).write_pdf(
            stylesheets=[style],
            font_config=fonts,
            pdf_variant="pdf/ua-1",
        )


FORMAT = Format(name="report.pdf", content_type="application/pdf", render=render, load=_prepared)
