"""Failures are shown where people look: beside the evaluation, in the index and on its page."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flows.night import exit_status, new_run, run_inline
from flows.outcome import Request
from flows.plan import Order
from flows.steps import settle, update_index
from tests.flows.stores import document, put_model, put_version, snapshot

pytestmark = pytest.mark.usefixtures("quick_reports")

GOOD = "evaluations/good/v1/test"


def night(store: Path, **options: Any) -> dict[str, Any]:
    """The record of a night on the store."""
    return run_inline(Order(str(store), new_run(), **options))


def entries(store: Path) -> dict[str, dict[str, Any]]:
    """The index's entries by what they are of."""
    found = document(store / "evaluations/index.json")["evaluations"]
    return {f"{entry['model_id']} {entry['version_id']}": entry for entry in found}


def broken(**changes: Any) -> Callable[[dict[str, Any]], str]:
    """A model.json with other values."""
    return lambda model: json.dumps(model | changes)


BROKEN: dict[str, Callable[[dict[str, Any]], str]] = {
    "no JSON": lambda model: json.dumps(model)[:-1],
    "another id": broken(model_id="other"),
    "no version's id": broken(promoted_version=5),
    "no threshold": broken(threshold="high"),
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_broken_model_is_told_beside_its_evaluation(how: str, store: Path) -> None:
    """What is in force stays, with the failure beside it, in the index and on its page, until it is mended."""
    night(store)
    path = store / "models/good/model.json"
    whole, before = path.read_text(), snapshot(store / GOOD)
    path.write_text(BROKEN[how](json.loads(whole)))

    failed = night(store)

    [line] = [line for line in failed["evaluations"] if line["status"] == "failed"]
    assert (line["model_id"], line["version_id"], line["error"]["code"]) == ("good", "v1", "invalid_settings")
    assert exit_status(failed) == 7
    told = document(store / GOOD / "failure.json")
    assert told["code"] == "invalid_settings"
    assert "models/good/model.json" in told["message"]
    after = snapshot(store / GOOD)
    del after["failure.json"]
    assert after == before
    entry = entries(store)["good v1"]
    assert entry["failure"] == {name: told[name] for name in ("code", "message", "at")}
    assert (entry["verdict"], entry["promoted"]) == ("pass", True)
    assert 'data-model="good" data-state="failed"' in (store / "evaluations/index.html").read_text()

    path.write_text(whole)
    assert night(store)["counts"] == {"up_to_date": 2}
    assert snapshot(store / GOOD) == before
    assert entries(store)["good v1"]["failure"] is None


def test_a_failure_says_when_it_was(store: Path) -> None:
    """So that tonight's can be told from last week's."""
    (store / "models/good/versions/v1/predictions/test/part-0.parquet").write_bytes(b"no")
    record = night(store)

    at = document(store / GOOD / "failure.json")["at"]
    assert record["started_at"] <= at <= record["finished_at"]
    assert entries(store)["good v1"]["failure"]["at"] == at


def test_the_index_names_the_night(store: Path) -> None:
    """The page says which it was, how it ended and how many failed; one with nothing due changes nothing."""
    parquet = store / "models/good/versions/v1/predictions/test/part-0.parquet"
    whole = parquet.read_bytes()
    parquet.write_bytes(b"no")
    for content, counts in (
        (b"no", {"failed": 1, "published": 1}),
        (whole, {"published": 1, "up_to_date": 1}),
    ):
        parquet.write_bytes(content)
        record = night(store)
        assert record["counts"] == counts
        told = document(store / "evaluations/index.json")["night"]
        assert told == {name: record[name] for name in told}
        assert f'href="nightly/{record["run"]}.json"' in (store / "evaluations/index.html").read_text()
    before = snapshot(store / "evaluations/good") | {"": (store / "evaluations/index.json").read_bytes()}
    night(store)
    assert before == snapshot(store / "evaluations/good") | {
        "": (store / "evaluations/index.json").read_bytes()
    }


@pytest.mark.parametrize(("promoted", "shown"), [("v1", "v1"), (None, "v2")])
def test_a_broken_model_is_told_once(promoted: str | None, shown: str, store: Path) -> None:
    """Beside the promoted version's evaluation, or the newest where none is promoted."""
    put_version(store, "good", "v2", created_at="2026-11-22T02:00:00Z")
    path = store / "models/good/model.json"
    path.write_text(json.dumps(document(path) | {"promoted_version": promoted}))
    night(store, versions="all")
    path.write_text("{")

    for _ in range(2):
        outcome = settle(Request(str(store), "good"))
        update_index(str(store), [outcome])

    failing = [name for name, entry in entries(store).items() if entry["failure"]]
    assert failing == [f"good {shown}"]
    assert [path.parent.parent.name for path in store.rglob("failure.json")] == [shown]


def test_a_broken_model_that_was_never_evaluated_leaves_no_failure(store: Path) -> None:
    """There is nothing that people go by; its record tells."""
    put_model(store, "new")
    (store / "models/new/model.json").write_text("{")

    [line] = night(store, models="new")["evaluations"]

    assert (line["version_id"], line["error"]["code"]) == (None, "invalid_settings")
    assert not list(store.rglob("failure.json"))


def test_a_what_if_that_fails_changes_nothing(store: Path) -> None:
    """Whatever it supposes: the evaluation in force was not tried."""
    night(store)
    (store / "models/good/model.json").write_text("{")
    before = snapshot(store)

    for supposed in ({"threshold": 0.4}, {"baseline": "none"}):
        assert settle(Request(str(store), "good", "v1", **supposed)).status == "failed"

    assert snapshot(store) == before
