"""The steps of one evaluation."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evalcore.errors import AssayError, InternalError, InvalidSettings, StorageUnavailable, VersionNotFound
from flows.outcome import Request
from flows.steps import LOST_RACES, settle, update_index
from infra import publish
from infra.layout import Target
from infra.storage import InputChanged, WriteConflict
from tests.flows.stores import document, put_version, snapshot, write_predictions, write_scores

pytestmark = pytest.mark.usefixtures("quick_reports")

GOOD = "evaluations/good/v1/test"


@pytest.fixture
def good(store: Path) -> Request:
    """A request for the model that passes."""
    return Request(str(store), "good")


def fails(times: int, error: Exception, then: Callable[..., Any]) -> Callable[..., Any]:
    """A function that raises so many times before it does its work."""
    left = [error] * times

    def call(*args: Any, **options: Any) -> Any:
        if left:
            raise left.pop()
        return then(*args, **options)

    return call


def test_publishes_what_is_due(good: Request, store: Path) -> None:
    """The promoted version is evaluated; summary and artifacts are in the store."""
    outcome = settle(good)

    assert (outcome.status, outcome.verdict, outcome.error) == ("published", "pass", None)
    assert Target("good", "v1") == outcome.target
    summary = document(store / GOOD / "summary.json")
    assert summary["examples"] == 40
    assert {"report.html", "report.pdf", "confusion_matrix.json"} == set(summary["artifacts"])
    assert (store / GOOD / summary["artifacts"]["report.html"]["key"]).is_file()


def test_leaves_what_is_up_to_date(good: Request, store: Path, quick_reports: list[str]) -> None:
    """Unchanged inputs write nothing and render nothing, and the stored verdict is told."""
    settle(good)
    before = snapshot(store)

    outcome = settle(good)

    assert (outcome.status, outcome.verdict) == ("up_to_date", "pass")
    assert before == snapshot(store)
    assert len(quick_reports) == 1


def test_evaluates_again_when_forced(good: Request, quick_reports: list[str]) -> None:
    """``force`` evaluates what is up to date, with the same digest."""
    settle(good)

    assert settle(replace(good, force=True)).status == "published"
    assert len(quick_reports) == 2
    assert len(set(quick_reports)) == 1


@pytest.mark.parametrize("change", ["predictions", "settings", "created_at"])
def test_is_due_when_an_input_changes(change: str, good: Request, store: Path) -> None:
    """Other predictions, other settings or another version.json make an evaluation due."""
    settle(good)
    if change == "predictions":
        write_predictions(store / "models/good/versions/v1/predictions/test/part-0.parquet", 60)
    elif change == "settings":
        path = store / "models/good/model.json"
        path.write_text(json.dumps({**document(path), "gates": []}))
    else:
        put_version(store, "good", "v1", created_at="2026-11-21T02:00:00Z")

    assert settle(good).status == "published"


def test_mends_a_copy(good: Request, store: Path) -> None:
    """A copy that an interrupted run left undone is made again though the evaluation is up to date."""
    settle(good)
    before = snapshot(store)
    (store / GOOD / "report.html").unlink()

    assert settle(good).status == "up_to_date"
    assert before == snapshot(store)


def test_evaluates_again_what_cannot_be_mended(good: Request, store: Path) -> None:
    """Where an artifact is lost with its copy, the evaluation is made again."""
    settle(good)
    before = snapshot(store)
    (store / GOOD / "report.html").unlink()
    artifact = document(store / GOOD / "summary.json")["artifacts"]["report.html"]["key"]
    (store / GOOD / artifact).unlink()

    assert settle(good).status == "published"
    assert before.keys() == snapshot(store).keys()


def test_what_if_changes_nothing(store: Path, tmp_path: Path) -> None:
    """With a threshold the store stays as it is; the summary comes back and the artifacts go to the folder."""
    write_scores(store / "models/good/versions/v1/predictions/test/part-0.parquet")
    settings = store / "models/good/model.json"
    settings.write_text(json.dumps({**document(settings), "positive_label": "dog"}))
    before = snapshot(store)

    low = settle(Request(str(store), "good", threshold=0.2, output=str(tmp_path / "out")))
    high = settle(Request(str(store), "good", threshold=0.8))

    assert (low.status, high.status) == ("what_if", "what_if")
    assert low.document is not None
    assert high.document is not None
    assert low.document["thresholds"]["operating_point"] == 0.2
    assert low.document["confusion_matrix"]["matrix"] != high.document["confusion_matrix"]["matrix"]
    assert before == snapshot(store)
    written = document(tmp_path / "out" / "summary.json")
    assert low.document["overall"] == written["overall"]
    assert {"report.html", "report.pdf", "confusion_matrix.json", "summary.json"} == set(
        snapshot(tmp_path / "out")
    )


@pytest.mark.parametrize("again", [False, True])
def test_output_gets_the_artifacts_too(again: bool, good: Request, store: Path, tmp_path: Path) -> None:
    """With an output folder the artifacts are written there, when nothing was due as well."""
    if again:
        settle(good)

    settle(replace(good, output=str(tmp_path / "out")))

    written = snapshot(tmp_path / "out")
    assert (store / GOOD / "report.pdf").read_bytes() == written["report.pdf"]
    assert json.loads(written["summary.json"])["artifacts"]["report.pdf"]["key"] == "report.pdf"


def test_failure_is_recorded_beside_the_evaluation(good: Request, store: Path) -> None:
    """A failure writes failure.json and nothing else; the next success removes it."""
    settle(good)
    before = snapshot(store / "evaluations")
    path = store / "models/good/versions/v1/version.json"
    whole = path.read_text()
    path.write_text("{")

    outcome = settle(replace(good, version_id="v1"))

    assert outcome.status == "failed"
    assert isinstance(outcome.error, InvalidSettings)
    after = snapshot(store / "evaluations")
    assert json.loads(after.pop("good/v1/test/failure.json"))["code"] == "invalid_settings"
    assert before == after
    path.write_text(whole)
    assert settle(good).status == "up_to_date"
    assert before == snapshot(store / "evaluations")


def test_what_never_was_leaves_no_failure(store: Path) -> None:
    """A version that does not exist gets no folder among the evaluations."""
    outcome = settle(Request(str(store), "good", "v9"))

    assert isinstance(outcome.error, VersionNotFound)
    assert not (store / "evaluations").exists()


def test_unforeseen_error_is_internal(good: Request, store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An exception that nobody foresaw is an internal_error, recorded like any other."""
    monkeypatch.setattr("flows.measure.measure", fails(1, ZeroDivisionError("by zero"), print))

    outcome = settle(good)

    assert isinstance(outcome.error, InternalError)
    assert "ZeroDivisionError" in outcome.error.message
    assert document(store / GOOD / "failure.json")["code"] == "internal_error"


@pytest.mark.parametrize(("times", "status"), [(LOST_RACES - 1, "published"), (LOST_RACES, "failed")])
def test_starts_over_after_a_lost_race(
    times: int, status: str, good: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A writer that was slower reads again, a bounded number of times."""
    racing = fails(times, WriteConflict("too late", "try again"), publish.publish)
    monkeypatch.setattr(publish, "publish", racing)

    assert status == settle(good).status


def test_loser_of_a_race_keeps_the_winner(
    good: Request, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the other writer published the same evaluation, there is nothing left to do."""
    publish_it = publish.publish

    def beaten(to: Any, target: Target, summary: Any, files: Any, etag: str | None) -> Any:
        publish_it(to, target, {**summary, "provenance": {"host": "another"}}, files, etag)
        return publish_it(to, target, summary, files, etag)

    monkeypatch.setattr(publish, "publish", beaten)

    assert settle(good).status == "up_to_date"


@pytest.mark.parametrize(("times", "status"), [(1, "published"), (2, "failed")])
def test_reads_again_once_when_input_changes(
    times: int, status: str, good: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Input that changes while it is read is listed and read once more, then the store is to blame."""
    from flows import measure

    changing = fails(times, InputChanged("it changed", "try again"), measure.measure)
    monkeypatch.setattr(measure, "measure", changing)

    outcome = settle(good)

    assert status == outcome.status
    assert (times == 2) == isinstance(outcome.error, StorageUnavailable)


def test_index_tells_what_became_of_it(good: Request, store: Path) -> None:
    """The index has the verdict after a success and keeps it, with the failure, after a failure."""
    update_index(good.store, [settle(good)])
    (store / "models/good/versions/v1/predictions/test/part-0.parquet").write_bytes(b"PAR1")
    update_index(good.store, [settle(good)])

    [entry] = document(store / "evaluations/index.json")["evaluations"]
    assert (entry["verdict"], entry["promoted"], entry["model_name"]) == ("pass", True, "Good")
    assert entry["failure"]["code"] == "unreadable_file"
    assert "good" in (store / "evaluations/index.html").read_text()


def test_index_knows_when_a_version_that_never_succeeded_was_made(good: Request, store: Path) -> None:
    """Its time is that of its version.json."""
    (store / "models/good/versions/v1/predictions/test/part-0.parquet").write_bytes(b"PAR1")
    update_index(good.store, [settle(good)])

    [entry] = document(store / "evaluations/index.json")["evaluations"]
    assert (entry["created_at"], entry["verdict"]) == ("2026-11-20T02:00:00Z", None)
    assert (entry["model_name"], entry["promoted"]) == ("Good", True)


def test_broken_model_keeps_what_the_index_says(good: Request, store: Path) -> None:
    """A model.json that cannot be read takes neither name nor promotion from the index."""
    update_index(good.store, [settle(good)])
    (store / "models/good/model.json").write_text("{")

    update_index(good.store, [settle(replace(good, version_id="v1"))])

    [entry] = document(store / "evaluations/index.json")["evaluations"]
    assert (entry["verdict"], entry["promoted"], entry["model_name"]) == ("pass", True, "Good")
    assert entry["failure"]["code"] == "invalid_settings"


def test_a_silent_store_is_asked_once(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the store did not answer, no failure is written to it: that would double the wait."""
    error = StorageUnavailable("no answer", "try later", store="s3://bucket")
    noted: list[AssayError] = []
    monkeypatch.setattr(publish, "stored", fails(9, error, print))
    monkeypatch.setattr(publish, "record_failure", lambda *args: noted.append(args[2]))

    assert error is settle(Request(str(store), "good", "v1")).error
    assert not noted


def test_requests_and_outcomes_pickle(good: Request, store: Path) -> None:
    """What goes into a step and what comes out can be sent to another process."""
    (store / "models/good/versions/v1/predictions/test/part-0.parquet").write_bytes(b"PAR1")

    outcome = settle(pickle.loads(pickle.dumps(good)))  # noqa: S301
    copy = pickle.loads(pickle.dumps(outcome))  # noqa: S301

    assert outcome.error is not None
    assert copy.error is not None
    assert outcome.error.document() == copy.error.document()
    assert outcome.change == copy.change


def test_loser_of_a_forced_race_keeps_the_winner(
    good: Request, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was to be made anew has just been made by the other writer: nothing is left to do."""
    settle(good)
    publish_it = publish.publish

    def beaten(to: Any, target: Target, summary: Any, files: Any, etag: str | None) -> Any:
        publish_it(to, target, {**summary, "provenance": {"host": "another"}}, files, etag)
        return publish_it(to, target, summary, files, etag)

    monkeypatch.setattr(publish, "publish", beaten)

    forced = replace(good, force=True)
    outcome = settle(forced)
    assert (outcome.status, outcome.request) == ("up_to_date", forced)
    assert document(store / GOOD / "summary.json")["provenance"] == {"host": "another"}


def test_a_lost_race_is_no_failure_of_the_evaluation(
    good: Request, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who loses every time says so, and leaves no note beside what the others have published."""
    settle(good)
    before = snapshot(store)
    racing = fails(LOST_RACES, WriteConflict("too late", "try again"), publish.publish)
    monkeypatch.setattr(publish, "publish", racing)
    monkeypatch.setattr(publish, "stored", lambda *_: None)

    outcome = settle(good)

    assert (outcome.status, outcome.change) == ("failed", None)
    assert before == snapshot(store)


@pytest.mark.parametrize("key", [1, None, ["a"]])
def test_makes_again_what_names_its_artifacts_wrongly(key: Any, good: Request, store: Path) -> None:
    """A summary whose artifact has a key of the wrong type is damaged."""
    settle(good)
    path = store / GOOD / "summary.json"
    summary = document(path)
    summary["artifacts"]["report.html"]["key"] = key
    path.write_text(json.dumps(summary))

    assert settle(good).status == "published"
