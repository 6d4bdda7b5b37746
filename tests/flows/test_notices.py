"""What is told of evaluations: which events, what they say, and that none can do harm."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from evalcore.errors import UnreadableFile
from flows import runner
from flows.night import Order, new_run, run_inline
from flows.notices import events_of, give_notice, said
from flows.outcome import Outcome, Request
from flows.runner import run_evaluation
from flows.steps import settle
from infra.layout import Target
from tests.flows.stores import put_model, write_predictions
from tests.receivers import Receiver, receiver

pytestmark = pytest.mark.usefixtures("quick_reports")


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """Something at the address that PREFECT_API_URL names."""
    with receiver() as there:
        monkeypatch.setenv("PREFECT_API_URL", f"{there.url}/api")
        yield there


def told(api: Receiver) -> list[tuple[str, str]]:
    """The events so far, each with the model that it is of, and none any more."""
    events = [(event["event"], event["payload"]["model_id"]) for body in api.bodies for event in body]
    api.bodies.clear()
    return events


def test_a_published_evaluation_says_what_it_came_to(store: Path, api: Receiver) -> None:
    """Names, verdict, headline figures and the report's key; labels that automations can go by."""
    run_evaluation(Request(str(store), "bad"), "inline")

    [[event]] = api.bodies
    assert event["event"] == "assay.evaluation.published"
    payload = event["payload"]
    names = {"model_id": "bad", "version_id": "v1", "dataset_split": "test", "checkpoint": None}
    assert names.items() <= payload.items()
    assert payload["verdict"] == "fail"
    assert payload["headline"]["accuracy"] == 0.875
    assert payload["report"] == "evaluations/bad/v1/test/report.html"
    assert payload["report_url"] == (store / payload["report"]).as_uri()
    assert (payload["gates"]["fail"], payload["examples"], payload["error"]) == (1, 40, None)
    assert payload["text"] == (
        "Bad, bad v1 test: fail, weighted F1 0.873 [0.733, 0.945], accuracy 0.875 [0.739, 0.945], 40 rows"
    )
    assert event["resource"] == {
        "prefect.resource.id": "assay.evaluation.bad.v1.test",
        "prefect.resource.name": "bad v1 test",
        "assay.model_id": "bad",
        "assay.version_id": "v1",
        "assay.dataset_split": "test",
        "assay.verdict": "fail",
    }


def test_a_failed_evaluation_says_why(store: Path, api: Receiver) -> None:
    """The error's code and message, and no figures."""
    path = store / "models/good/versions/v1/predictions/test/part-0.parquet"
    path.write_bytes(path.read_bytes()[:-20])

    with pytest.raises(UnreadableFile):
        run_evaluation(Request(str(store), "good"), "inline")

    [[event]] = api.bodies
    assert event["event"] == "assay.evaluation.failed"
    assert event["payload"]["error"]["code"] == "unreadable_file" == event["resource"]["assay.error"]
    assert (event["payload"]["verdict"], event["payload"]["headline"]) == (None, None)
    assert event["payload"]["text"].startswith("good v1 test: error[unreadable_file]: ")


def test_a_night_tells_of_what_is_new(store: Path, api: Receiver) -> None:
    """One event an evaluation in one request; what is up to date is no news."""
    run_inline(Order(str(store), new_run()))
    assert len(api.bodies) == 1
    assert sorted(told(api)) == [
        ("assay.evaluation.published", "bad"),
        ("assay.evaluation.published", "good"),
    ]

    run_inline(Order(str(store), new_run()))
    assert told(api) == []


def test_recovery_from_a_failed_gate(store: Path, api: Receiver) -> None:
    """A model that failed its gates and does not any more is told of as published and as recovered."""
    settle(Request(str(store), "bad"))
    put_model(store, "bad", gates=[{"metric": "accuracy", "min": 0.5}])

    run_evaluation(Request(str(store), "bad"), "inline")

    assert told(api) == [("assay.evaluation.published", "bad"), ("assay.evaluation.recovered", "bad")]
    run_evaluation(Request(str(store), "bad", force=True), "inline")
    assert told(api) == [("assay.evaluation.published", "bad")]


@pytest.mark.parametrize("mended", ["as it was", "anew"])
def test_recovery_from_an_error(mended: str, store: Path, api: Receiver) -> None:
    """So is one whose last attempt failed, whether the evaluation is new or the one that was in force."""
    request = Request(str(store), "good")
    settle(request)
    path = store / "models/good/versions/v1/predictions/test/part-0.parquet"
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    assert settle(request).status == "failed"
    if mended == "as it was":
        path.write_bytes(whole)
    else:
        write_predictions(path, 80)

    run_evaluation(request, "inline")

    published = [("assay.evaluation.published", "good")] if mended == "anew" else []
    assert told(api) == [*published, ("assay.evaluation.recovered", "good")]


def test_an_error_made_good_with_a_failed_gate_is_no_recovery(store: Path, api: Receiver) -> None:
    """It is evaluated again, and fails its gates: nothing is well."""
    path = store / "models/bad/versions/v1/predictions/test/part-0.parquet"
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    settle(Request(str(store), "bad"))
    path.write_bytes(whole)

    run_evaluation(Request(str(store), "bad"), "inline")

    assert told(api) == [("assay.evaluation.published", "bad")]


def test_a_what_if_is_nobodys_business(store: Path, api: Receiver) -> None:
    """Nothing in the store has changed, and nobody is told."""
    request = Request(str(store), "good", threshold=0.5)

    assert events_of(str(store), Outcome(request, Target("good", "v1"), "what_if", "pass")) == []


def test_a_notice_that_fails_fails_nothing(
    store: Path, api: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    """The evaluation is what it is; the log says of which nobody could be told, and why."""
    api.status = 500

    with caplog.at_level(logging.WARNING, "assay"):
        record = run_inline(Order(str(store), new_run()))

    assert record["counts"] == {"published": 2}
    [message] = [text for text in caplog.messages if "no notice" in text]
    assert message.startswith("no notice could be given of bad v1 test, good v1 test: ")
    assert "answered with status 500" in message


def test_without_an_api_nobody_is_told(store: Path, caplog: pytest.LogCaptureFixture) -> None:
    """There is nothing to complain of where no API is named."""
    with caplog.at_level(logging.WARNING, "assay"):
        give_notice(str(store), [settle(Request(str(store), "good"))])

    assert caplog.messages == []


def test_names_that_would_move_a_cursor(store: Path) -> None:
    """A model's name is text, whatever is in it."""
    put_model(store, "odd", name="a\x1b[31m\u202eb")
    [event] = events_of(str(store), settle(Request(str(store), "odd")))

    assert "\x1b" not in event.payload["text"] and "\u202e" not in event.payload["text"]
    json.dumps(event.document(), allow_nan=False)


def test_a_promoted_version_that_is_not_there(store: Path) -> None:
    """An evaluation whose version is not known is told of under the version's place."""
    put_model(store, "none", promoted_version=None)
    outcome = settle(Request(str(store), "none"))
    [event] = events_of(str(store), outcome)

    assert event.resource["prefect.resource.id"] == "assay.evaluation.none.promoted.test"
    assert event.payload["version_id"] is None
    assert said(outcome).startswith("none test: error[version_not_found]: ")


def test_an_api_that_is_slow_to_start(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``serve`` waits for it, other commands do not."""
    import prefect.client.orchestration as orchestration

    from evalcore.errors import EngineUnavailable

    answers: list[Any] = [ConnectionError("refused"), ConnectionError("refused"), None]

    class Client:
        """A client of an API that answers the third time."""

        def __enter__(self) -> Client:
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def api_healthcheck(self) -> Any:
            """The failure, if there is one."""
            return answers.pop(0)

    monkeypatch.setattr(orchestration, "get_client", lambda **_: Client())
    monkeypatch.setattr(runner, "_LOOK", 0)

    runner._reach_api("the API", 60)
    assert answers == []
    answers.append(ConnectionError("refused"))
    with pytest.raises(EngineUnavailable):
        runner._reach_api("the API", 0)
