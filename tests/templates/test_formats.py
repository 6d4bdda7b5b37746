"""Which files an evaluation has."""

from __future__ import annotations

import json
import subprocess
import sys

import templates
from tests.templates import samples


def test_each_module_with_a_format_is_one_file() -> None:
    """The files are found, named and typed."""
    files = templates.render(samples.churn())
    assert {name: each.content_type for name, each in files.items()} == {
        "confusion_matrix.json": "application/json",
        "junit.xml": "application/xml",
        "report.html": "text/html; charset=utf-8",
        "report.pdf": "application/pdf",
        "summary.md": "text/markdown; charset=utf-8",
    }
    assert files["report.pdf"].data.startswith(b"%PDF-")


def test_the_matrix_on_its_own() -> None:
    """``confusion_matrix.json`` is the matrix with each label's precision, recall and F1 in full precision."""
    document = json.loads(templates.render(samples.churn())["confusion_matrix.json"].data)
    assert document["matrix"] == samples.CHURN
    assert document["labels"] == ["not_churned", "churned"]
    assert document["normalized"] is False
    assert document["per_class_metrics"]["churned"]["precision"] == 4230 / 4610


def test_importing_it_is_cheap() -> None:
    """The libraries that draw are loaded when something is drawn."""
    code = "import sys, templates; templates.formats(); print([m for m in ('jinja2', 'weasyprint', 'numpy') if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
