"""The Prefect flows, on a server that the tests start once."""

from __future__ import annotations

import gc
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from evalcore.errors import InvalidParameter, InvalidPredictions, StorageUnavailable, UnreadableFile
from flows import steps
from flows.night import exit_status, new_run
from flows.plan import Order
from infra import publish
from infra.storage import WriteConflict
from tests.flows.stores import document, put_model
from tests.serving import Served

pytestmark = [
    pytest.mark.usefixtures("quick_reports", "prefect_server"),
    # Prefect leaves connections to its server to the garbage collector.
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
]


@pytest.fixture(scope="module")
def prefect_server(served: Served) -> Iterator[None]:
    """An API, that of ``assay serve``."""
    from prefect.settings import PREFECT_API_URL, temporary_settings

    with temporary_settings({PREFECT_API_URL: served.api}):
        yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


def runs_of(flow_name: str) -> list[Any]:
    """The runs of a flow that nothing but a test has started, the newest first."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import (
        FlowFilter,
        FlowFilterName,
        FlowRunFilter,
        FlowRunFilterDeploymentId,
    )
    from prefect.client.schemas.sorting import FlowRunSort

    with get_client(sync_client=True) as client:
        return client.read_flow_runs(
            flow_filter=FlowFilter(name=FlowFilterName(any_=[flow_name])),
            flow_run_filter=FlowRunFilter(deployment_id=FlowRunFilterDeploymentId(is_null_=True)),
            sort=FlowRunSort.START_TIME_DESC,
        )


def task_runs_of(flow_run: Any) -> dict[str, Any]:
    """A flow run's task runs by name."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId

    with get_client(sync_client=True) as client:
        found = client.read_task_runs(flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=[flow_run.id])))
    return {run.name: run for run in found}


def progress_of(flow_run: Any) -> list[Any]:
    """What the bars of a flow run stand at."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId, ArtifactFilterType

    wanted = ArtifactFilter(
        flow_run_id=ArtifactFilterFlowRunId(any_=[flow_run.id]), type=ArtifactFilterType(any_=["progress"])
    )
    with get_client(sync_client=True) as client:
        return [found.data for found in client.read_artifacts(artifact_filter=wanted)]


def test_evaluate_version_publishes(store: Path) -> None:
    """The flow publishes the evaluation and its place in the index, and its run is named after it."""
    from flows.evaluate import evaluate_version

    outcome = evaluate_version("good", store=str(store))

    assert (outcome.status, outcome.verdict) == ("published", "pass")
    assert (store / "evaluations/good/v1/test/summary.json").is_file()
    assert len(document(store / "evaluations/index.json")["evaluations"]) == 1
    assert runs_of("evaluate-version")[0].name == "good/promoted/test"


def test_a_flow_folds_on_a_cluster(store: Path, dask_cluster: Any) -> None:
    """A task opens a client of its own; and a scheduler that is none is the flow's error."""
    from flows.evaluate import evaluate_version

    outcome = evaluate_version("good", store=str(store), engine=dask_cluster.scheduler_address)

    assert outcome.status == "published"
    with pytest.raises(InvalidParameter, match="no engine"):
        evaluate_version("good", store=str(store), force=True, engine="spark")


def test_evaluate_version_fails_with_our_error(store: Path) -> None:
    """The error comes out as it was, and the run is Failed in Prefect."""
    from flows.evaluate import evaluate_version

    path = store / "models/good/versions/v1/predictions/test/part-0.parquet"
    path.write_bytes(path.read_bytes()[:-20])

    with pytest.raises(UnreadableFile):
        evaluate_version("good", "v1", store=str(store))

    run = runs_of("evaluate-version")[0]
    assert run.name == "good/v1/test"
    assert run.state.is_failed()
    assert "unreadable_file" in task_runs_of(run)["good/v1/test"].state.message


def test_nightly_publishes_and_fails_where_one_errored(store: Path) -> None:
    """One error is one Failed task and a Failed run; the record has it all, and the others are published."""
    from flows import nightly

    put_model(store, "broken")
    (store / "models/broken/versions/v1/predictions/test/part-0.parquet").write_bytes(b"no Parquet")
    order = Order(str(store), new_run(), workers=2)

    record = nightly.run(order)

    assert record["counts"] == {"failed": 1, "published": 2}
    assert exit_status(record) == 7
    assert record == document(store / f"evaluations/nightly/{order.run}.json")
    run = runs_of("nightly")[0]
    assert order.run == run.name
    assert run.state.is_failed()
    states = {name: task.state.name for name, task in task_runs_of(run).items()}
    assert states["broken/v1/test"] == "Failed"
    assert "Completed" == states["good/v1/test"] == states["bad/v1/test"]


def test_nightly_leaves_a_table(store: Path) -> None:
    """The night is a table in Prefect with a link to each report."""
    import json

    from prefect.artifacts import Artifact

    from flows import nightly

    record = nightly.run(Order(str(store), new_run()))

    artifact = Artifact.get("nightly")
    assert artifact is not None
    assert record["run"] in str(artifact.description)
    rows = {row["model_id"]: row for row in json.loads(str(artifact.data))}
    assert (store / "evaluations/good/v1/test/report.html").as_uri() == rows["good"]["report"]
    assert runs_of("nightly")[0].state.is_completed()


def test_evaluations_and_progress_are_left(store: Path) -> None:
    """Each evaluation that is new, or failed, is a few lines of Markdown, and the night a full bar."""
    from prefect.artifacts import Artifact

    from flows import nightly
    from flows.artifacts import key_of
    from flows.outcome import Request
    from flows.steps import settle

    put_model(store, "broken")
    (store / "models/broken/versions/v1/predictions/test/part-0.parquet").write_bytes(b"no Parquet")
    record = nightly.run(Order(str(store), new_run()))

    texts = {}
    for name in ("bad", "broken"):
        artifact = Artifact.get(key_of(settle(Request(str(store), name, "v1"))))
        assert artifact is not None
        texts[name] = str(artifact.data)
    assert texts["bad"].startswith("## bad v1 test: fail\n\n- weighted F1 0.873 [0.733, 0.945]\n")
    assert f"<{(store / 'evaluations/bad/v1/test/report.html').as_uri()}>" in texts["bad"]
    assert texts["broken"].startswith("## broken v1 test: not evaluated\n\n`unreadable_file`: ")
    assert progress_of(runs_of("nightly")[0]) == [100.0]
    assert record["counts"] == {"failed": 1, "published": 2}


def test_what_prefect_does_not_take_is_no_error(
    store: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without its artifacts a night is as good; the log says that they are missing."""
    from flows import artifacts, nightly

    def refuse(*_: Any, **__: Any) -> None:
        raise RuntimeError("413 hunter2")

    for name in ("markdown", "progress", "table"):
        monkeypatch.setattr(artifacts, f"create_{name}_artifact", refuse)

    record = nightly.run(Order(str(store), new_run()))

    assert record["counts"] == {"published": 2}
    said = capsys.readouterr().err
    assert "Prefect took no progress (RuntimeError)\n" in said
    assert "Prefect took no summary (RuntimeError)\n" in said
    assert "Prefect took no table (RuntimeError)\n" in said
    assert "hunter2" not in said


def test_storage_errors_are_tried_again(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that fails once costs a retry, not the evaluation; other errors are not tried again."""
    from flows import evaluate

    quick = evaluate.evaluate.with_options(retry_delay_seconds=0, retry_jitter_factor=0)
    monkeypatch.setattr(evaluate, "evaluate", quick)
    errors = [StorageUnavailable("it broke off", "try again later"), InvalidPredictions("odd", "mend it")]
    tries = []
    settled = publish.stored

    def stored(*args: Any) -> Any:
        tries.append(args)
        if len(tries) == 1 or len(tries) > 3:
            raise errors[len(tries) > 3]
        return settled(*args)

    monkeypatch.setattr(steps.publish, "stored", stored)

    assert evaluate.evaluate_version("good", "v1", store=str(store)).status == "published"
    assert task_runs_of(runs_of("evaluate-version")[0])["good/v1/test"].run_count == 2

    tries[:] = [()] * 3
    with pytest.raises(InvalidPredictions):
        evaluate.evaluate_version("good", "v1", store=str(store))
    assert task_runs_of(runs_of("evaluate-version")[0])["good/v1/test"].run_count == 1


def test_a_bucket_that_is_not_there_is_not_tried_again() -> None:
    """Waiting does not make a bucket; a lost race or a server's hiccup may pass."""
    from prefect.states import Failed

    from flows.evaluate import worth_retrying

    def worth(error: Exception) -> bool:
        return worth_retrying(None, None, Failed(data=error))  # type: ignore[arg-type]

    assert not worth(StorageUnavailable("no bucket", "make it", s3_code="NoSuchBucket"))
    assert not worth(InvalidPredictions("odd", "mend it"))
    assert worth(StorageUnavailable("slow down", "try later", s3_code="SlowDown"))
    assert worth(WriteConflict("too late", "try again"))


def test_a_held_lease_fails_the_night(store: Path) -> None:
    """A second night raises the error that names the first."""
    from flows import nightly
    from infra import lease
    from infra.storage import open_store

    lease.acquire(open_store(str(store)), "tonight")

    with pytest.raises(StorageUnavailable, match="tonight"):
        nightly.run(Order(str(store), new_run()))
