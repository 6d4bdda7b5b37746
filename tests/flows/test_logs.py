"""Logs for machines, and what stands in none: a line an event, and no secret."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.flows.stores import put_model, snapshot
from tests.serving import MARKER, SECRETS

pytestmark = pytest.mark.usefixtures("quick_reports")


@pytest.fixture
def as_json(monkeypatch: pytest.MonkeyPatch) -> None:
    """Logs are wanted as JSON."""
    monkeypatch.setenv("ASSAY_LOG", "json")


def records(text: str) -> list[dict[str, Any]]:
    """The objects of a log, each a line of its own."""
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.usefixtures("as_json")
def test_a_night_is_a_line_an_evaluation(store: Path, assay: Any) -> None:
    """With run, model and version, what became of it, and how far the night is."""
    put_model(store, "broken")
    (store / "models/broken/versions/v1/predictions/test/part-0.parquet").write_bytes(b"no Parquet")

    ran = assay("nightly", "--runner", "inline", "--json")

    found = {record["model_id"]: record for record in records(ran.err) if "done" in record}
    assert {record["run"] for record in found.values()} == {json.loads(ran.out)["run"]}
    assert sorted(record["done"] for record in found.values()) == [1, 2, 3]
    good, broken = found["good"], found["broken"]
    expected = {"level": "info", "version_id": "v1", "dataset_split": "test", "total": 3}
    assert expected.items() <= good.items() and expected.items() <= broken.items()
    assert (good["status"], good["verdict"], good["error"]) == ("published", "pass", None)
    assert (broken["status"], broken["error"]["code"]) == ("failed", "unreadable_file")
    assert good["time"].endswith("Z")


@pytest.mark.usefixtures("as_json")
def test_an_evaluation_tells_its_steps(store: Path, assay: Any) -> None:
    """Every step names the model, and the last what it came to."""
    ran = assay("evaluate", "good", "--version", "v1")

    steps = records(ran.err)
    assert {(step["model_id"], step["version_id"]) for step in steps} == {("good", "v1")}
    assert (steps[-1]["status"], steps[-1]["verdict"]) == ("published", "pass")


@pytest.mark.usefixtures("as_json")
def test_an_error_is_a_line_too(assay: Any) -> None:
    """It reads as it always does, and has its code and details beside."""
    ran = assay("evaluate", "nope\x1b[2J\n")

    [record] = records(ran.err)
    assert record["message"].startswith("error[invalid_parameter]: ")
    assert (record["level"], record["error"]["code"], ran.status) == ("error", "invalid_parameter", 2)


@pytest.mark.usefixtures("as_json")
def test_quiet_is_quiet(store: Path, assay: Any) -> None:
    """Errors alone, in this form as well."""
    assert assay("evaluate", "good", "--quiet").err == ""


def test_lines_for_people_are_as_they_were(store: Path, assay: Any) -> None:
    """Without the setting, or with another value, a line is text."""
    assert "reading 1 file of predictions" in assay("evaluate", "good").err.splitlines()[0]


URL = f"http://me:{MARKER}@127.0.0.1:9"


@pytest.mark.parametrize("form", ["json", "text"])
@pytest.mark.parametrize(
    "arguments",
    [
        ("nightly", "--runner", "inline"),
        ("nightly", "--runner", "inline", "--debug"),
        ("evaluate", "good", "--runner", "inline", "--json"),
        ("evaluate", "nope", "--runner", "inline"),
        ("evaluate", "good", "--runner", "inline", "--store", f"s3://me:{MARKER}@bucket/prefix"),
        ("evaluate", "good", "--runner", "inline", "--store", "s3://bucket/prefix"),
        ("evaluate", "good", "--runner", "inline", "--store", f"{URL}/bucket"),
        ("list", "--json"),
        ("doctor",),
        ("announce", "good", "v1"),
        ("serve", "--sqs-queue-url", f"{URL}/1/queue", "--store", "s3://bucket/prefix"),
        ("serve", "--sqs-queue-url", f"{URL}/1/queue"),
        ("serve", "--sqs-queue-url", f"me:{MARKER}@queue"),
    ],
    ids=" ".join,
)
def test_no_secret_is_told(
    arguments: tuple[str, ...], form: str, store: Path, assay: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever goes right or wrong, neither output nor store has a credential of the environment."""
    for name, value in {**SECRETS, "ASSAY_LOG": form, "PREFECT_API_URL": f"{URL}/api"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    put_model(store, "broken")
    (store / "models/broken/model.json").write_text("{")

    ran = assay(*arguments)

    assert ran.out or ran.err
    assert MARKER not in ran.out + ran.err
    assert [key for key, text in snapshot(store).items() if MARKER.encode() in text] == []
