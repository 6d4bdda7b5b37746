"""A night: what it evaluates, what it says of it, and who may run it."""

from __future__ import annotations

import json
import re
import shutil
import threading
from concurrent.futures import Future, as_completed
from pathlib import Path
from typing import Any

import pytest

from evalcore.errors import ModelNotFound, StorageUnavailable
from flows import keeper, steps
from flows.keeper import Keeper
from flows.night import as_they_end, exit_status, new_run, run_inline
from flows.outcome import Request
from flows.plan import WORKERS, Order, Plan, plan_night
from flows.steps import settle
from infra import lease
from infra.storage import link, open_store
from tests.flows.stores import document, put_model, put_version, snapshot

pytestmark = pytest.mark.usefixtures("quick_reports")


def order(store: Path, **options: Any) -> Order:
    """An order for a night on the store."""
    return Order(str(store), new_run(), **options)


def planned(store: Path, requests: int) -> Plan:
    """A plan of so many evaluations that are due."""
    return Plan(requests=(Request(str(store), "good", "v1"),) * requests)


def statuses(record: dict[str, Any]) -> dict[str, str]:
    """What became of each version."""
    return {f"{line['model_id']} {line['version_id']}": line["status"] for line in record["evaluations"]}


def test_evaluates_every_promoted_version(store: Path) -> None:
    """Every model's promoted version is published, and the record and the index say so."""
    record = run_inline(order(store))

    assert statuses(record) == {"good v1": "published", "bad v1": "published"}
    assert record["counts"] == {"published": 2}
    verdicts = {line["model_id"]: line["verdict"] for line in record["evaluations"]}
    assert verdicts == {"good": "pass", "bad": "fail"}
    assert record == document(store / "evaluations/nightly" / f"{record['run']}.json")
    index = document(store / "evaluations/index.json")["evaluations"]
    assert [(entry["model_id"], entry["verdict"]) for entry in index] == [("bad", "fail"), ("good", "pass")]


def test_record_has_the_promised_names(store: Path) -> None:
    """A record's names are those that programs rely on."""
    record = run_inline(order(store, models="good"))

    names = "run started_at finished_at split planned counts evaluations skipped"
    assert set(names.split()) == set(record)
    [line] = record["evaluations"]
    names = "model_id version_id dataset_split checkpoint status verdict failed_gate error seconds"
    assert set(names.split()) == set(line)
    assert re.fullmatch(r"\d{8}T\d{6}Z-[0-9a-f]{6}", record["run"])
    assert line["seconds"] > 0


def test_second_night_has_nothing_to_do(store: Path) -> None:
    """With nothing due the night writes its record, its lease, and nothing else."""
    run_inline(order(store))
    before = snapshot(store)

    record = run_inline(order(store))

    after = snapshot(store)
    own = {f"evaluations/nightly/{record['run']}.json", "evaluations/nightly/.lease.json"}
    assert record["counts"] == {"up_to_date": 2}
    assert own == {key for key in after if after[key] != before.get(key)}


def test_up_to_date_failures_count(store: Path) -> None:
    """A gate that failed some night ago fails tonight's exit status too."""
    run_inline(order(store))

    assert exit_status(run_inline(order(store))) == 1


def test_force_evaluates_all(store: Path) -> None:
    """``force`` evaluates what is up to date again."""
    run_inline(order(store))

    assert run_inline(order(store, force=True))["counts"] == {"published": 2}


@pytest.mark.parametrize(
    ("versions", "expected"),
    [("promoted", {"m v1"}), ("latest", {"m v3"}), ("all", {"m v1", "m v2", "m v3"})],
)
def test_versions_that_are_asked_for(versions: Any, expected: set[str], store: Path) -> None:
    """The promoted versions, the latest, or all that have predictions for the split."""
    put_model(store, "m", "v1")
    put_version(store, "m", "v2", created_at="2026-11-21T02:00:00Z")
    put_version(store, "m", "v3", created_at="2026-11-22T02:00:00Z")
    shutil.rmtree(put_version(store, "m", "v0", created_at="2026-11-01T02:00:00Z") / "predictions")

    assert expected == set(statuses(run_inline(order(store, models="m", versions=versions))))


def test_models_by_pattern(store: Path) -> None:
    """``models`` is a pattern, of which no match is no error."""
    assert {"good v1"} == set(statuses(run_inline(order(store, models="g*"))))
    assert run_inline(order(store, models="x*"))["evaluations"] == []


def test_a_named_model_must_exist(store: Path) -> None:
    """A name that is no pattern and fits no model is a mistake, of which no record is made."""
    with pytest.raises(ModelNotFound):
        run_inline(order(store, models="goood"))
    assert [path.name for path in (store / "evaluations/nightly").iterdir()] == [".lease.json"]
    assert run_inline(order(store))["counts"] == {"published": 2}


def test_no_promoted_version_is_skipped(store: Path) -> None:
    """A model without a promoted version is recorded as skipped, and is no error."""
    put_model(store, "new", promoted_version=None)

    record = run_inline(order(store, models="new"))

    reason = "no promoted version; set it with `assay promote new VERSION`"
    assert record["skipped"] == [{"model_id": "new", "reason": reason}]
    assert exit_status(record) == 0
    assert record == document(store / "evaluations/nightly" / f"{record['run']}.json")


def test_a_model_that_is_being_added_is_skipped(store: Path) -> None:
    """A folder without model.json is not yet a model."""
    (store / "models/new/versions/v1").mkdir(parents=True)
    (store / "models/new/versions/v1/version.json").write_text("{}")

    record = run_inline(order(store))

    assert [skipped["model_id"] for skipped in record["skipped"]] == ["new"]
    assert record["counts"] == {"published": 2}


def test_one_error_never_stops_the_others(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken settings, a truncated file and a bug fail their own evaluation alone."""
    put_model(store, "broken")
    (store / "models/broken/model.json").write_text('{"model_id": "broken",')
    put_model(store, "truncated")
    parquet = store / "models/truncated/versions/v1/predictions/test/part-0.parquet"
    parquet.write_bytes(parquet.read_bytes()[:-20])
    put_model(store, "gone", promoted_version="v7")
    put_model(store, "odd")
    attempt = steps._attempt

    def hits_a_bug(at: Any, target: Any, request: Request) -> Any:
        if target.model_id == "odd":
            raise RecursionError("too deep")
        return attempt(at, target, request)

    monkeypatch.setattr(steps, "_attempt", hits_a_bug)

    record = run_inline(order(store))

    codes = {line["model_id"]: line["error"] and line["error"]["code"] for line in record["evaluations"]}
    assert codes == {
        "bad": None,
        "good": None,
        "broken": "invalid_settings",
        "truncated": "unreadable_file",
        "gone": "version_not_found",
        "odd": "internal_error",
    }
    assert record["counts"] == {"failed": 4, "published": 2}
    assert exit_status(record) == 7
    failures = {path.parent.parent.parent.name for path in (store / "evaluations").rglob("failure.json")}
    assert {"truncated", "odd"} == failures
    index = {entry["model_id"]: entry for entry in document(store / "evaluations/index.json")["evaluations"]}
    assert index["truncated"]["failure"]["code"] == "unreadable_file"


def test_threads_give_the_same(store: Path, tmp_path: Path) -> None:
    """One worker or four: the same bytes, provenance and the night's own files apart."""
    other = tmp_path / "other"
    shutil.copytree(store, other)
    run_inline(order(store, workers=1))
    run_inline(order(other, workers=4))

    one, four = snapshot(store / "evaluations/good"), snapshot(other / "evaluations/good")
    assert one.keys() == four.keys()
    for key in one:
        if key.endswith("summary.json"):
            left, right = json.loads(one[key]), json.loads(four[key])
            del left["provenance"], right["provenance"]
            assert left == right
        else:
            assert one[key] == four[key]


# -- the lease and the record under way --------------------------------------------------------------


def test_second_night_yields(store: Path) -> None:
    """While one night runs another is refused, named the first, and leaves no record."""
    first = lease.acquire(open_store(str(store)), "tonight")

    with pytest.raises(StorageUnavailable, match="tonight"):
        run_inline(order(store))

    assert [path.name for path in (store / "evaluations/nightly").iterdir()] == [".lease.json"]
    first.release()
    assert run_inline(order(store))["counts"] == {"published": 2}


@pytest.mark.parametrize("error", [KeyboardInterrupt, StorageUnavailable("gone", "mend it")])
def test_a_night_that_ends_early_leaves_its_traces(store: Path, error: Any) -> None:
    """After Ctrl-C or an error the lease is free, record and index have what was done, and it is not finished."""
    run = new_run()
    with pytest.raises(BaseException, match=r"gone|^$"), Keeper(str(store), run, "test") as kept:
        kept.begin(planned(store, 2))
        kept.add(settle(Request(str(store), "good")))
        raise error

    record = document(store / f"evaluations/nightly/{run}.json")
    assert record["finished_at"] is None
    assert (record["planned"], record["counts"]) == (2, {"published": 1})
    assert len(document(store / "evaluations/index.json")["evaluations"]) == 1
    lease.acquire(open_store(str(store)), "next").release()


def test_record_and_lease_are_renewed(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While a night runs, its lease, its record and the index are kept up to date."""
    monkeypatch.setattr(keeper, "BEAT", 0.01)
    renewed = threading.Event()
    renew = lease.Lease.renew

    def renews(self: lease.Lease) -> None:
        renew(self)
        record = store / f"evaluations/nightly/{run}.json"
        if (store / "evaluations/index.json").exists() and record.exists() and document(record)["counts"]:
            renewed.set()

    run = new_run()
    monkeypatch.setattr(lease.Lease, "renew", renews)
    with Keeper(str(store), run, "test") as kept:
        kept.begin(planned(store, 1))
        kept.add(settle(Request(str(store), "good")))
        assert renewed.wait(20)
        record = document(store / f"evaluations/nightly/{run}.json")
        assert (record["finished_at"], record["counts"]) == (None, {"published": 1})
        assert kept.finish()["finished_at"]


@pytest.mark.parametrize("error", [StorageUnavailable("no answer", "try again later"), KeyError("no answer")])
def test_a_beat_that_fails_does_not_end_the_night(
    error: Exception, store: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A store that fails for a while, or a bug, is told of and it is tried again."""
    monkeypatch.setattr(keeper, "BEAT", 0.01)
    update, failed, passed = keeper.update_index, threading.Event(), threading.Event()

    def update_index(*args: Any) -> None:
        if not failed.is_set():
            failed.set()
            raise error
        update(*args)
        passed.set()

    monkeypatch.setattr(keeper, "update_index", update_index)
    with Keeper(str(store), new_run(), "test") as kept:
        kept.begin(planned(store, 1))
        kept.add(settle(Request(str(store), "good")))
        assert passed.wait(20)
        kept.finish()

    assert "no answer" in caplog.text
    assert len(document(store / "evaluations/index.json")["evaluations"]) == 1


def test_the_record_tells_what_was_done_so_far(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Soon after something was done, not only with the lease's beat; and once, not again and again."""
    monkeypatch.setattr(keeper, "RECORD_BEAT", 0.01)
    written: list[int] = []
    told = threading.Event()
    write = keeper.record.write_record

    def write_record(at: Any, record: Any) -> str:
        written.append(len(record["evaluations"]))
        if written[-1]:
            told.set()
        return write(at, record)

    monkeypatch.setattr(keeper.record, "write_record", write_record)
    with Keeper(str(store), new_run(), "test") as kept:
        kept.begin(planned(store, 2))
        kept.add(settle(Request(str(store), "good")))
        assert told.wait(20)
        threading.Event().wait(0.1)
        assert written == [0, 1]
        kept.finish()


def test_time_left_is_told(store: Path, caplog: pytest.LogCaptureFixture) -> None:
    """By the pace of what was evaluated, once there is one; what was up to date took no time."""
    outcome = settle(Request(str(store), "good"))
    with caplog.at_level("INFO", "assay"), Keeper(str(store), new_run(), "test") as kept:
        kept.begin(Plan(planned(store, 4).requests, (outcome,) * 3))
        kept._began -= 60
        for _ in range(4):
            kept.add(outcome)
        kept.finish()

    told = [record.facts for record in caplog.records if "total" in record.facts]
    left = [round(facts["seconds_left"]) if facts.get("seconds_left") else None for facts in told]
    assert left == [None, None, 60, 20, None]


def test_a_lost_lease_stops_the_night(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No further evaluation begins, the error is that of the store, and the record has what was done."""
    monkeypatch.setattr(keeper, "BEAT", 0.01)
    for name in "abcdef":
        put_model(store, name)
    settled: list[str] = []

    def settle_slowly(request: Request) -> Any:
        settled.append(request.model_id)
        if len(settled) == 2:
            other = {"run": "another", "expires_at": "2999-01-01T00:00:00Z"}
            for _ in range(100):  # a renewal under way may cover it
                (store / "evaluations/nightly/.lease.json").write_text(json.dumps(other))
                if lost.wait(0.2):
                    break
        return settle(request)

    lost = threading.Event()
    renew = lease.Lease.renew

    def renews(self: lease.Lease) -> None:
        try:
            renew(self)
        except lease.LeaseLost:
            threading.Timer(0.1, lost.set).start()  # by then the night knows
            raise

    monkeypatch.setattr(lease.Lease, "renew", renews)
    monkeypatch.setattr("flows.workers.settle", settle_slowly)
    asked = order(store, workers=1)
    with pytest.raises(lease.LeaseLost, match="is now run another's") as caught:
        run_inline(asked)

    assert (len(settled), caught.value.exit_status) == (2, 6)
    record = document(store / f"evaluations/nightly/{asked.run}.json")
    assert record["finished_at"] is None
    assert (record["planned"], record["counts"]) == (8, {"published": 2})
    assert document(store / "evaluations/nightly/.lease.json")["run"] == "another"


def test_a_slow_index_does_not_cost_the_lease(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lease is renewed while the store takes its time over the index."""
    monkeypatch.setattr(keeper, "BEAT", 0.01)
    update, renew, renewed = keeper.update_index, lease.Lease.renew, threading.Semaphore(0)

    def renews(self: lease.Lease) -> None:
        renew(self)
        renewed.release()

    def update_index(*args: Any) -> None:
        while renewed.acquire(blocking=False):
            pass
        assert all(renewed.acquire(timeout=20) for _ in range(3))
        update(*args)

    monkeypatch.setattr(lease.Lease, "renew", renews)
    monkeypatch.setattr(keeper, "update_index", update_index)

    assert run_inline(order(store))["counts"] == {"published": 2}


def test_a_night_that_begins_no_more_than_it_is_asked_for() -> None:
    """So many at a time, and the next only when the caller wants another."""
    begun: list[int] = []

    def start(number: Any) -> Future[int]:
        begun.append(number)
        future: Future[int] = Future()
        future.set_result(number)
        return future

    ends = as_they_end(range(5), 2, start, as_completed)  # type: ignore[arg-type]
    next(ends)
    assert begun == [0, 1]
    next(ends)
    assert begun == [0, 1, 2]
    assert len(list(ends)) == 3


def test_plan_pickles_and_names_versions(store: Path) -> None:
    """A plan is made of requests that name their versions and the run."""
    asked = order(store)

    plan = plan_night(asked)

    assert {("bad", "v1", asked.run), ("good", "v1", asked.run)} == {
        (request.model_id, request.version_id, request.run_id) for request in plan.requests
    }


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        ([], 0),
        ([("published", "pass"), ("up_to_date", "inconclusive"), ("published", "none")], 0),
        ([("published", "pass"), ("up_to_date", "fail")], 1),
        ([("failed", None), ("published", "fail")], 7),
    ],
)
def test_exit_status_of_a_night(lines: list[tuple[str, str | None]], status: int) -> None:
    """An error wins over a failed gate, a failed gate over everything else."""
    record = {"evaluations": [{"status": status, "verdict": verdict} for status, verdict in lines]}

    assert status == exit_status(record)


def test_links_to_reports(tmp_path: Path) -> None:
    """A report's address can be opened: s3:// as it is, a folder's as file://."""
    assert link("s3://b/p", "evaluations/x") == "s3://b/p/evaluations/x"
    assert (tmp_path / "evaluations/x").as_uri() == link(str(tmp_path), "evaluations/x")
    assert WORKERS >= 1
