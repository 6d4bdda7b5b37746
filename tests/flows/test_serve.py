"""``assay serve``, end to end: what starts runs, what they publish, and who is told."""

from __future__ import annotations

import asyncio
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from evalcore.errors import EngineUnavailable, InvalidParameter
from flows import progress, runner
from tests.flows.stores import put_model, put_version
from tests.receivers import Receiver, receiver
from tests.serving import BUCKET, MARKER, PREFIX, Served

ROOT = Path(__file__).parents[2]
ASSAY = str(Path(sys.executable).with_name("assay"))
PREFECT = str(Path(sys.executable).with_name("prefect"))


@pytest.fixture(scope="module")
def notices(served: Served) -> Iterator[Receiver]:
    """A webhook that has the notices of infra/deploy/notices.yaml, set up as the README says."""
    environment = {**served.environment, "PREFECT_API_URL": served.api}
    with receiver() as there:
        code = (
            "from prefect.blocks.notifications import CustomWebhookNotificationBlock as Webhook;"
            "print(Webhook(name='notices', url=sys.argv[1], json_data={'subject': '{{subject}}', 'body': '{{body}}'})"
            ".save('notices'))"
        )
        saved = subprocess.run(
            [sys.executable, "-c", f"import sys; {code}", f"{there.url}/notices"],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        file = served.folder / "notices.yaml"
        file.write_text(
            (ROOT / "infra/deploy/notices.yaml").read_text().replace("BLOCK\n", saved.stdout.strip() + "\n")
        )
        created = subprocess.run(
            [PREFECT, "automation", "create", "--from-file", str(file)],
            env=environment,
            capture_output=True,
            text=True,
        )
        assert created.returncode == 0, created.stdout + created.stderr
        yield there


@pytest.fixture(scope="module")
def evaluated(served: Served, notices: Receiver, tmp_path_factory: pytest.TempPathFactory) -> Served:
    """Versions that have come into the bucket: one whose gate fails, one that passes, one without predictions."""
    root = tmp_path_factory.mktemp("models")
    put_model(root, "bad", gates=[{"metric": "accuracy", "min": 0.999}])
    put_model(root, "good", gates=[{"metric": "accuracy", "min": 0.5}])
    shutil.rmtree(put_version(root, "good", "v0") / "predictions")
    files = sorted(root.rglob("*.*"), key=lambda path: path.name == "version.json")
    s3 = served.client("s3")
    for path in files:
        s3.put_object(Bucket=BUCKET, Key=f"{PREFIX}/{path.relative_to(root)}", Body=path.read_bytes())
    s3.close()
    return served


def is_outcome(model: str, version: str, status: str) -> Any:
    """Whether a record says that an evaluation came to this."""
    wanted = {"model_id": model, "version_id": version, "status": status}
    return lambda record: wanted.items() <= record.items()


def test_an_announced_version_is_published(evaluated: Served) -> None:
    """The event starts a run that publishes; announced or told by S3 before or after, it is up to date."""
    announced = evaluated.run("announce", "good", "v1")
    assert announced.returncode == 0, announced.stderr

    record = evaluated.wait_for(is_outcome("good", "v1", "published"))
    evaluated.wait_for(is_outcome("good", "v1", "up_to_date"))

    summary = evaluated.run("summary", "good", "--version", "v1", "--json")
    assert json.loads(summary.stdout)["verdict"] == "pass"
    assert json.loads(summary.stdout)["provenance"]["run_id"] == record["run"]


def test_a_version_that_comes_into_the_bucket_is_published(evaluated: Served) -> None:
    """S3's notification, through SQS, does the same; one of a version without predictions fails in words."""
    evaluated.wait_for(is_outcome("bad", "v1", "published"))
    failed = evaluated.wait_for(is_outcome("good", "v0", "failed"))

    assert failed["error"]["code"] == "predictions_not_found"
    arrived = [record for record in evaluated.records() if "has come into the store" in record["message"]]
    assert {(record["model_id"], record["version_id"]) for record in arrived} >= {
        ("bad", "v1"),
        ("good", "v1"),
    }


def test_people_are_told(evaluated: Served, notices: Receiver) -> None:
    """A failed gate and a failed evaluation reach the webhook, with verdict, figures and link."""
    told = {each["subject"]: each["body"] for each in notices.wait_for(2)}

    gate = told["Assay: bad v1 test fails its gates"]
    assert gate.startswith("Bad, bad v1 test: fail, weighted F1 0.873 [")
    assert f"s3://{BUCKET}/{PREFIX}/evaluations/bad/v1/test/report.html" in gate
    assert "error[predictions_not_found]" in told["Assay: good v0 test could not be evaluated"]


def test_the_night_is_scheduled(served: Served) -> None:
    """The deployment's schedule makes runs, at the hour of its time zone."""
    until, runs = time.monotonic() + 60, []
    while not runs and time.monotonic() < until:
        runs = served.ask(
            "flow_runs/filter",
            deployments={"name": {"any_": ["nightly"]}},
            flow_runs={"state": {"type": {"any_": ["SCHEDULED"]}}},
        )
        time.sleep(0.2)

    assert runs
    times = [datetime.fromisoformat(run["expected_start_time"]) for run in runs]
    assert {time.astimezone(ZoneInfo("Europe/Berlin")).strftime("%H:%M") for time in times} == {"03:00"}


def test_the_log_tells_how_a_night_ended(evaluated: Served) -> None:
    """By its run's id, which Prefect calls it by, too; or why it could not begin: another holds the lease."""
    environment = {**evaluated.environment, "PREFECT_API_URL": evaluated.api}

    def start() -> None:
        subprocess.run([PREFECT, "deployment", "run", "nightly/nightly"], env=environment, check=True)

    start()
    ended = evaluated.wait_for(lambda record: "counts" in record)
    assert ended["message"].startswith(f"run {ended['run']}: ")
    runs = evaluated.ask("flow_runs/filter", flows={"name": {"any_": ["nightly"]}})
    assert ended["run"] in {run["name"] for run in runs}
    assert "None" not in {run["name"] for run in runs}

    s3 = evaluated.client("s3")
    key = f"{PREFIX}/evaluations/nightly/.lease.json"
    before = s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
    held = {"run": "another-run", "expires_at": "2999-01-01T00:00:00Z"}
    s3.put_object(Bucket=BUCKET, Key=key, Body=json.dumps(held).encode())
    start()
    try:
        refused = evaluated.wait_for(lambda record: record["message"].startswith("the night broke off"))
    finally:
        s3.put_object(Bucket=BUCKET, Key=key, Body=before)
        s3.close()
    assert "run another-run is at work" in refused["message"]


def test_both_deployments_are_there(served: Served) -> None:
    """Under the names that other programs rely on, for the store that is served."""
    found = {each["name"]: each for each in served.ask("deployments/filter")}

    assert found["nightly"]["entrypoint"] == "flows.nightly.nightly"
    assert found["on-trained"]["entrypoint"] == "flows.evaluate.evaluate_version"
    assert all(each["parameters"]["store"] == f"s3://{BUCKET}/{PREFIX}" for each in found.values())


def test_no_secret_is_told(evaluated: Served, notices: Receiver) -> None:
    """Neither the log, nor Prefect's database and files, nor the bucket, nor a notice has any."""
    evaluated.wait_for(is_outcome("bad", "v1", "published"))
    evaluated.run("announce", "good", "v1", PREFECT_API_URL=evaluated.api.replace("//", f"//me:{MARKER}@"))
    nowhere = evaluated.run("announce", "a", "b", PREFECT_API_URL=f"http://me:{MARKER}@127.0.0.1:9/api")
    texts = {path: path.read_bytes() for path in evaluated.folder.rglob("*") if path.is_file()}
    s3 = evaluated.client("s3")
    for item in s3.list_objects_v2(Bucket=BUCKET)["Contents"]:
        texts[item["Key"]] = s3.get_object(Bucket=BUCKET, Key=item["Key"])["Body"].read()
    s3.close()
    texts["notices"] = json.dumps([notices.bodies, notices.headers]).encode()
    texts["announce"] = (nowhere.stdout + nowhere.stderr).encode()

    assert any(path.name == "prefect.db" for path in texts if isinstance(path, Path))
    assert [name for name, text in texts.items() if MARKER.encode() in text] == []


# -- starting and ending -----------------------------------------------------------------------------


@pytest.mark.parametrize("payload", [{}, {"dataset_split": None}, {"dataset_split": ""}])
def test_what_a_payload_leaves_out_is_empty(payload: dict[str, Any]) -> None:
    """As Prefect's server fills in a trigger's parameters; the flow takes an empty split for ``test``."""
    from prefect.server.utilities.user_templates import render_user_template_sync

    from flows.serve import on_trained

    context = {"event": {"payload": {"model_id": "churn", "version_id": "v7", **payload}}}
    found = {
        name: render_user_template_sync(template, context)
        for name, template in (on_trained().parameters or {}).items()
    }

    assert found == {"model_id": "churn", "version_id": "v7", "dataset_split": ""}


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_signals_end_it_while_it_waits(number: signal.Signals, status: int, store: Path) -> None:
    """An API that does not answer yet is waited for, and a signal ends the wait."""
    environment = {**os.environ, "PREFECT_API_URL": "http://me:hunter2@127.0.0.1:9/api"}
    process = subprocess.Popen(
        [ASSAY, "serve", "--store", str(store)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    waiting = process.stderr.readline()
    process.send_signal(number)
    out, err = process.communicate(timeout=60)

    assert waiting == "waiting for Prefect's API at http://…@127.0.0.1:9/api, 180 s at most …\n"
    assert (process.returncode, out, err) == (status, "", "")


@pytest.mark.parametrize("options", [{"cron": "61 * * * *"}, {"cron": "often"}, {"timezone": "Nowhere/Land"}])
def test_a_schedule_that_is_none(options: dict[str, str]) -> None:
    """It is bad usage, and says what a schedule is."""
    from flows.serve import deployments_of

    with pytest.raises(InvalidParameter, match="not a schedule"):
        deployments_of(runner.Serving("/store", **options))


def test_an_address_that_is_taken(served: Served, store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second server at the same address is refused, and told what to set."""
    from flows import embedded

    monkeypatch.setenv("PREFECT_SERVER_API_PORT", served.environment["PREFECT_SERVER_API_PORT"])

    with pytest.raises(EngineUnavailable, match=r"address already in use; .*PREFECT_API_URL") as caught:
        runner.run_server(runner.Serving(str(store)))
    assert isinstance(caught.value.__cause__, embedded.AddressTaken)


# -- Prefect's API is away ---------------------------------------------------------------------------


def refusal(status: int) -> httpx.HTTPStatusError:
    """What the client raises for an answer."""
    request = httpx.Request("POST", "http://prefect/api")
    return httpx.HTTPStatusError("refused", request=request, response=httpx.Response(status, request=request))


def test_an_outage_is_endured_and_told_once() -> None:
    """However long it lasts; its end is told, too, and what is no outage is raised."""
    from flows.outage import Outage
    from flows.serve import ask as ask_once

    failures: list[Any] = [httpx.ConnectError("refused"), httpx.ReadTimeout("late"), refusal(503), None, None]

    async def ask() -> None:
        failure = failures.pop(0)
        if failure is not None:
            raise failure

    outage = Outage("asking again and again")
    log = io.StringIO()
    with progress.shown(log):
        for _ in range(5):
            asyncio.run(ask_once(ask, outage))
    assert log.getvalue().splitlines() == [
        "Prefect's API does not answer (ConnectError); asking again and again",
        "Prefect's API answers again",
    ]

    failures.append(refusal(401))
    with pytest.raises(httpx.HTTPStatusError):
        asyncio.run(ask_once(ask, outage))


def test_the_runner_endures(monkeypatch: pytest.MonkeyPatch) -> None:
    """The loops that Prefect's runner waits in are ours, which no failure ends."""
    from prefect._internal import observers
    from prefect.runner import _scheduled_run_poller

    from flows.serve import endure_outages

    for module in (observers, _scheduled_run_poller):
        monkeypatch.setattr(module, "critical_service_loop", module.critical_service_loop)
    endure_outages()
    asked: list[int] = []

    async def ask() -> None:
        asked.append(1)
        raise asyncio.CancelledError if len(asked) == 9 else httpx.ConnectError("refused")

    for module in (observers, _scheduled_run_poller):
        asked.clear()
        with pytest.raises(asyncio.CancelledError):
            asyncio.run(module.critical_service_loop(workload=ask, interval=0, jitter_range=0.3))
        assert len(asked) == 9


def test_the_end_of_our_own_server_is_an_error() -> None:
    """Without it nothing would ever run: whoever looks after the process is to start it again."""
    from flows import embedded

    server = embedded.Server()
    server._process.kill()

    with pytest.raises(EngineUnavailable, match="embedded server has ended"):
        server.outlive()
    server.stop()
