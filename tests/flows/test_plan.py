"""What of a night is due: found out from listings and the index alone."""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flows import plan as planning
from flows.night import new_run, run_inline
from flows.plan import Order, plan_night
from infra.storage import open_store
from tests.flows.stores import document, put_model, put_version, snapshot, write_predictions
from tests.infra.doubles import Wrapped

pytestmark = pytest.mark.usefixtures("quick_reports")
FOLDER = "evaluations/good/v1/test"


def order(store: Path, **options: Any) -> Order:
    """An order for a night on the store."""
    return Order(str(store), new_run(), **options)


def due(store: Path, **options: Any) -> set[str]:
    """The models (and versions other than v1) that are due."""
    requests = plan_night(order(store, **options)).requests
    return {f"{r.model_id} {r.version_id}".removesuffix(" v1") for r in requests}


@pytest.fixture
def night(store: Path) -> Path:
    """A store in which a night has been."""
    run_inline(order(store))
    return store


def test_what_was_never_evaluated_is_due(store: Path) -> None:
    """All of it, and where there is no index or a broken one too."""
    assert due(store) == {"good", "bad"}
    run_inline(order(store))
    assert due(store) == set()
    (store / "evaluations/index.json").write_text("{")
    assert due(store) == {"good", "bad"}


def test_up_to_date_needs_no_summary(night: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two listings and the settings of each model, the index once; no summary, no artifact, no write."""
    asked = Wrapped(open_store(str(night)))
    monkeypatch.setattr(planning, "open_store", lambda _: asked)

    found = plan_night(order(night))

    assert [(o.status, o.verdict, str(o.target)) for o in found.outcomes] == [
        ("up_to_date", "fail", "bad v1 test"),
        ("up_to_date", "pass", "good v1 test"),
    ]
    assert found.requests == ()
    assert asked.named("write", "delete", "open") == []
    reads = sorted(key for _, key in asked.named("read"))
    settings = [
        f"models/{name}/{key}"
        for name in ("bad", "good")
        for key in ("model.json", "versions/v1/version.json")
    ]
    assert reads == ["evaluations/index.json", *settings]
    assert {"evaluations/bad/", "evaluations/good/", "models/bad/", "models/good/"} <= {
        k for _, k in asked.named("list")
    }


def changed(path: str, text: str | None = None) -> Callable[[Path], None]:
    """Another content for a file of the store, or none at all."""

    def change(store: Path) -> None:
        if text is None:
            (store / path).unlink()
        else:
            (store / path).write_text(text)

    return change


def predictions(store: Path) -> None:
    """Other predictions."""
    write_predictions(store / "models/good/versions/v1/predictions/test/part-0.parquet", 60)


def validation(store: Path) -> None:
    """Predictions of another split, which recommended points come from."""
    folder = store / "models/good/versions/v1/predictions/validation"
    folder.mkdir()
    write_predictions(folder / "part-0.parquet")


def settings(store: Path) -> None:
    """Another name."""
    path = store / "models/good/model.json"
    path.write_text(json.dumps(document(path) | {"name": "Better"}))


def own_artifact(store: Path) -> None:
    """No report but its copy."""
    [path] = (store / FOLDER).glob("*/report.html")
    path.unlink()


@pytest.mark.parametrize(
    "change",
    [
        predictions,
        validation,
        settings,
        own_artifact,
        changed("models/good/versions/v1/version.json", '{"created_at": "2026-11-21T02:00:00Z"}'),
        changed("models/good/versions/v1/version.json", "{"),
        changed(f"{FOLDER}/summary.json"),
        changed(f"{FOLDER}/summary.json", "{}"),
        changed(f"{FOLDER}/report.html", "other"),
        changed(f"{FOLDER}/report.pdf"),
        changed(f"{FOLDER}/failure.json", "{}"),
    ],
)
def test_what_is_not_plainly_whole_and_the_same_is_due(night: Path, change: Callable[[Path], None]) -> None:
    """Another input, a setting, a file of the evaluation that is gone or another, a failure: that model alone."""
    change(night)

    assert due(night) == {"good"}


def test_the_night_after_a_change_is_up_to_date_again(night: Path) -> None:
    """What was mended or made anew is in the index, and the next night reads no summary."""
    changed(f"{FOLDER}/report.html", "other")(night)
    assert run_inline(order(night))["counts"] == {"up_to_date": 2}
    assert due(night) == set()
    predictions(night)
    assert run_inline(order(night))["counts"] == {"published": 1, "up_to_date": 1}
    assert due(night) == set()


def test_new_versions_of_figures_or_reports_make_all_due(
    night: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They change the digest."""
    monkeypatch.setattr("templates.REPORTS_VERSION", "next")

    assert due(night) == {"good", "bad"}


def test_force_makes_all_due(night: Path) -> None:
    """Whatever the index says."""
    assert due(night, force=True) == {"good", "bad"}


def test_another_baseline_makes_its_version_due(store: Path) -> None:
    """A version that comes between changes what the promoted one is compared with."""
    put_model(store, "m", "v3")
    put_version(store, "m", "v3", created_at="2026-11-23T02:00:00Z")
    put_version(store, "m", "v1", created_at="2026-11-21T02:00:00Z")
    run_inline(order(store))
    assert due(store) == set()
    put_version(store, "m", "v4", created_at="2026-11-24T02:00:00Z")
    assert due(store) == set()
    put_version(store, "m", "v2", created_at="2026-11-22T02:00:00Z")
    assert due(store) == {"m v3"}


def test_promotion_is_told_by_the_index(store: Path) -> None:
    """Also where nothing has to be evaluated for it."""
    put_model(store, "m", "v1", baseline="none")
    put_version(store, "m", "v2")
    run_inline(order(store, versions="all"))
    path = store / "models/m/model.json"
    path.write_text(json.dumps(document(path) | {"promoted_version": "v2"}))

    assert run_inline(order(store, versions="all"))["counts"] == {"up_to_date": 4}

    index = document(store / "evaluations/index.json")["evaluations"]
    assert {e["version_id"]: e["promoted"] for e in index if e["model_id"] == "m"} == {
        "v1": False,
        "v2": True,
    }


def test_a_page_that_an_interrupted_night_left_is_made_again(night: Path) -> None:
    """Even where nothing is due."""
    page = (night / "evaluations/index.html").read_bytes()
    (night / "evaluations/index.html").write_text("old")

    run_inline(order(night))

    assert (night / "evaluations/index.html").read_bytes() == page


def test_so_many_requests_at_a_time(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Never more than eight, however many models and versions there are."""
    for number in range(20):
        put_model(store, f"m{number}", "v0")
        put_version(store, f"m{number}", "v1")
    under_way, most, lock = 0, 0, threading.Lock()

    def begin(*_: Any) -> None:
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        time.sleep(0.002)

    def end(*_: Any) -> None:
        nonlocal under_way
        with lock:
            under_way -= 1

    asked = Wrapped(open_store(str(store)), begin, end)
    monkeypatch.setattr(planning, "open_store", lambda _: asked)

    assert len(plan_night(order(store, versions="all")).requests) == 42
    assert 2 <= most <= planning.REQUESTS


def test_nothing_is_written_of_what_is_up_to_date(night: Path) -> None:
    """The record and the lease are all."""
    before = snapshot(night)
    shutil.rmtree(night / "evaluations/nightly")

    run_inline(order(night))

    after = snapshot(night)
    assert {key for key in after if before.get(key) != after[key] and "nightly" not in key} == set()
