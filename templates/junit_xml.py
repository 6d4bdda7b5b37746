"""``junit.xml``: the gates as test cases, for what reads test results: Jenkins, GitLab, GitHub actions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree

from templates.formats import Format
from templates.numbers import bound
from templates.words import SEVERITIES, sentence, visible

_PROPERTIES = ("model_id", "version_id", "dataset_split", "checkpoint", "created_at", "evaluation", "verdict")
_SIGNS = {"min": ">=", "max": "<=", "max_drop": "drop <="}

Summary = Mapping[str, Any]
Element = ElementTree.Element


def render(summary: Summary) -> bytes:
    """The document as UTF-8 XML; a gate that is inconclusive passes, and its output says what it is."""
    root = ElementTree.Element("testsuites", {"name": "assay", **_totals(summary)})
    suite = ElementTree.SubElement(root, "testsuite", {"name": _name(summary), **_totals(summary)})
    _add_properties(suite, summary)
    for gate in summary.get("gates", ()):
        _add_case(suite, summary, gate)
    found = [_finding(each) for each in summary.get("warnings", ())]
    if found:
        _add_text(suite, "system-out", "\n".join(found))
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="utf-8", xml_declaration=True) + b"\n"


def _name(summary: Summary) -> str:
    """Model, version, split and checkpoint."""
    parts = (summary["model_id"], summary["version_id"], summary["dataset_split"], summary.get("checkpoint"))
    return " ".join(visible(part) for part in parts if part)


def _class(summary: Summary) -> str:
    """Without the version, so that a reader of test results follows a gate from version to version."""
    parts = ("assay", summary["model_id"], summary["dataset_split"], summary.get("checkpoint"))
    return ".".join(visible(part) for part in parts if part)


def _totals(summary: Summary) -> dict[str, str]:
    gates = summary.get("gates", ())
    failures = sum(gate["status"] == "fail" for gate in gates)
    counts = {"tests": len(gates), "failures": failures, "errors": 0, "skipped": 0}
    return {key: str(number) for key, number in counts.items()} | {"time": "0"}


def _add_properties(suite: Element, summary: Summary) -> None:
    properties = ElementTree.SubElement(suite, "properties")
    for key in _PROPERTIES:
        if summary.get(key):
            found = {"name": key, "value": visible(summary[key])}
            ElementTree.SubElement(properties, "property", found)


def _add_case(suite: Element, summary: Summary, gate: Mapping[str, Any]) -> None:
    named = {"classname": _class(summary), "name": _gate(gate), "time": "0"}
    case = ElementTree.SubElement(suite, "testcase", named)
    reason = visible(gate.get("reason") or "")
    if gate["status"] == "fail":
        failure = ElementTree.SubElement(case, "failure", {"message": reason, "type": "gate"})
        failure.text = f"{_gate(gate)}: {reason}"
    else:
        _add_text(case, "system-out", f"{gate['status']}: {reason}")


def _gate(gate: Mapping[str, Any]) -> str:
    """The gate as its settings have it: ``weighted_f1 >= 0.9``."""
    required = [f"{sign} {bound(gate[key])}" for key, sign in _SIGNS.items() if gate.get(key) is not None]
    return " ".join([visible(gate["metric"]), *required])


def _finding(found: Mapping[str, Any]) -> str:
    label = found.get("label")
    said = f"{sentence(found['message'], label)} {sentence(found.get('advice', ''), label)}"
    return visible(f"{SEVERITIES[found['severity']]} [{found['code']}] {said.rstrip()}")


def _add_text(parent: Element, tag: str, text: str) -> None:
    ElementTree.SubElement(parent, tag).text = text


FORMAT = Format(name="junit.xml", content_type="application/xml", render=render)
