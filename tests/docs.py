"""The generated parts of the README; run as a program it rewrites them."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

from evalcore.registry import Metric, metrics

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
PART = re.compile(r"(<!-- metrics: [^\n]*-->\n).*?(<!-- end of metrics -->)", re.DOTALL)


def metric_table() -> str:
    """Every metric with what its docstring says of it first."""
    rows = [f"| `{metric.name}` | {_per(metric)} | {_said(metric)} |" for metric in metrics()]
    return "\n".join(["| figure | of | what |", "| --- | --- | --- |", *rows]) + "\n"


def generated(text: str) -> str:
    """The README with its generated part as it should be."""
    return PART.sub(lambda found: f"{found[1]}\n{metric_table()}\n{found[2]}", text)


def _per(metric: Metric) -> str:
    return "each label" if metric.per == "label" else "the whole"


def _said(metric: Metric) -> str:
    first = inspect.getdoc(metric.compute).partition("\n\n")[0]
    return " ".join(first.replace("|", "\\|").replace("``", "`").split())


if __name__ == "__main__":
    README.write_text(generated(README.read_text()))
