"""``junit.xml``: what a reader of test results makes of the gates."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import pytest

from templates.junit_xml import render as junit
from tests.templates import samples

_SUITE = {"name", "tests", "failures", "errors", "skipped", "time"}
_CHILDREN = {
    "testsuites": ("testsuite",),
    "testsuite": ("properties", "testcase", "system-out"),
    "properties": ("property",),
    "testcase": ("failure", "system-out"),
}
_ATTRIBUTES = {
    "testsuites": _SUITE,
    "testsuite": _SUITE,
    "property": {"name", "value"},
    "testcase": {"name", "classname", "time"},
    "failure": {"message", "type"},
}


def _check(element: ElementTree.Element) -> None:
    """What the schemas of JUnit's readers have in common: these elements in this order, these attributes."""
    allowed = _CHILDREN.get(element.tag, ())
    places = [allowed.index(child.tag) for child in element]
    assert places == sorted(places)
    assert set(element.attrib) == _ATTRIBUTES.get(element.tag, set())
    if "tests" in element.attrib:
        assert int(element.attrib["tests"]) == len(element.findall(".//testcase"))
        assert int(element.attrib["failures"]) == len(element.findall(".//failure"))
    for child in element:
        _check(child)


def _suite(summary: dict[str, Any]) -> ElementTree.Element:
    root = ElementTree.fromstring(junit(summary))  # noqa: S314 (our own)
    assert root.tag == "testsuites"
    _check(root)
    return root[0]


def test_each_gate_is_a_case() -> None:
    """A gate that fails is a failure with its reason; one that is met or inconclusive passes and says which."""
    suite = _suite(samples.ten())
    assert suite.attrib["name"] == "mdl-vision ver-001a1 test epoch-12"
    cases = {case.attrib["name"]: case for case in suite.findall("testcase")}
    assert list(cases) == ["weighted_f1 >= 0.84", "recall[cat] >= 0.75", "accuracy >= 0.8", "warnings <= 5"]
    failure = cases["recall[cat] >= 0.75"].find("failure")
    assert failure is not None and failure.attrib["message"] == "the figure misses its bound"
    undecided = cases["weighted_f1 >= 0.84"]
    assert undecided.find("failure") is None
    assert undecided.findtext("system-out", "").startswith("inconclusive: the interval crosses the bound")
    assert cases["accuracy >= 0.8"].findtext("system-out", "").startswith("pass: ")


def test_a_gate_keeps_its_name_from_version_to_version() -> None:
    """Its class is of model, split and checkpoint, so that its history goes over versions."""
    one, other = (_suite(samples.ten() | {"version_id": version}) for version in ("v1", "v2"))
    names = [
        [(case.attrib["classname"], case.attrib["name"]) for case in suite.findall("testcase")]
        for suite in (one, other)
    ]
    assert names[0] == names[1]
    assert names[0][0][0] == "assay.mdl-vision.test.epoch-12"


def test_warnings_are_said() -> None:
    """The suite's output has a line for each warning, with its severity, code and advice."""
    lines = _suite(samples.ten()).findtext("system-out", "").splitlines()
    assert lines[2] == (
        "Critical [bias_towards_label] dog gets 31% of all errors. Collect more rows of it, or weigh it up."
    )
    assert len(lines) == 4


def test_a_suite_without_gates() -> None:
    """Nothing is required: no case, no output, and still a suite that says what was evaluated."""
    suite = _suite(samples.tiny())
    assert suite.attrib["tests"] == "0"
    assert suite.find("system-out") is None
    found = {each.attrib["name"]: each.attrib["value"] for each in suite.iter("property")}
    assert found["verdict"] == "none"
    assert found["version_id"] == "ver-001a1"
    assert "checkpoint" not in found


@pytest.mark.parametrize("name", [*samples.HOSTILE, "]]>&\ud800\ufffe\u0000\u001b[31m"])
def test_no_name_breaks_it(name: str) -> None:
    """What XML has no place for is U+FFFD; everything else is there as it was."""
    summary = samples.summary([[5, 2], [1, 9]], [name, "other"], model_name=name, checkpoint=name)
    summary["gates"] = [samples.gate(f"recall[{name}]", "fail", None, None, min=0.5)]
    summary["gates"][0]["reason"] = f"no row is {name}"
    summary["warnings"] = [samples.warning("low_support", "warning", f"Only 7 rows are {name}.", name)]
    suite = _suite(summary)
    case = suite.find("testcase")
    assert case is not None
    plain = "".join("\ufffd" if each in "\ud800\ufffe\u0000\u001b\u0007\n\u202e" else each for each in name)
    assert case.attrib["name"] == f"recall[{plain}] >= 0.5"
    assert plain in suite.findtext("system-out", "")


def test_bounds_of_every_kind() -> None:
    """A drop is named as one; an undefined figure's gate is a failure like any other."""
    gates = [
        samples.gate("accuracy", "pass", 0.9, None, max_drop=0.01),
        samples.gate("f1", "fail", None, None, max=0.5),
    ]
    cases = _suite(samples.churn(gates=gates)).findall("testcase")
    assert [case.attrib["name"] for case in cases] == ["accuracy drop <= 0.01", "f1 <= 0.5"]
