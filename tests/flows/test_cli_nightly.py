"""``assay nightly`` and ``assay demo``."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flows import runner
from tests.flows.conftest import Ran
from tests.flows.stores import document, put_model

Assay = Callable[..., Ran]
pytestmark = pytest.mark.usefixtures("quick_reports")


def test_nightly_inline(assay: Assay, store: Path) -> None:
    """A night prints a line a version, its run and where the index is; a failed gate is exit status 1."""
    ran = assay("nightly", "--runner", "inline")

    assert ran.status == 1
    assert re.search(r"^good +v1 +published +pass$", ran.out, re.MULTILINE)
    why = r"fail \(accuracy: 0\.\d+ is not at least 0\.999\)"
    assert re.search(rf"^bad +v1 +published +{why}$", ran.out, re.MULTILINE)
    assert re.search(rf"bad v1 test: published, verdict {why}", ran.err)
    again = assay("nightly", "--runner", "inline")
    assert re.search(rf"^bad +v1 +up_to_date +{why}$", again.out, re.MULTILINE)
    assert f"{store}/evaluations/index.html\n" in ran.out
    assert "[2/2]" in ran.err


def test_nightly_json_is_the_record(assay: Assay, store: Path) -> None:
    """``--json`` prints the record that is stored."""
    record = json.loads(assay("nightly", "--runner", "inline", "--models", "good", "--json").out)

    assert document(store / f"evaluations/nightly/{record['run']}.json") == record
    assert record["counts"] == {"published": 1}


def test_nightly_that_fits_no_model_says_so(assay: Assay, store: Path) -> None:
    """It is no error, but the pattern is named."""
    ran = assay("nightly", "--runner", "inline", "--models", "zzz*")

    assert ran.status == 0
    assert f"no model in {store} has an id that fits 'zzz*'\n" in ran.out


def test_nightly_with_an_error_ends_with_7(assay: Assay, store: Path) -> None:
    """An evaluation that errored is exit status 7 and named; the others are published."""
    put_model(store, "broken")
    (store / "models/broken/versions/v1/predictions/test/part-0.parquet").write_bytes(b"no")
    put_model(store, "new", promoted_version=None)

    ran = assay("nightly", "--runner", "inline")

    assert ran.status == 7
    assert "error[unreadable_file]" in ran.out
    assert "skipped new: no promoted version" in ran.out
    assert (store / "evaluations/good/v1/test/report.pdf").is_file()


def test_nightly_on_prefect_by_default(assay: Assay, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without ``--runner inline`` a night asks for Prefect, with the workers that were asked for."""
    asked: list[Any] = []

    def run_night(order: Any, chosen: str, *, debug: bool) -> dict[str, Any]:
        asked.append((order.workers, chosen))
        return {"run": order.run, "counts": {}, "evaluations": [], "skipped": []}

    monkeypatch.setattr(runner, "run_night", run_night)

    assert assay("nightly", "--workers", "3").status == 0
    assert asked == [(3, "auto")]
    assert runner.uses_prefect("auto", by_default=True)


def test_a_held_lease_is_exit_status_6(assay: Assay, store: Path) -> None:
    """The second night at a time ends with 6 and names the first."""
    from infra import lease
    from infra.storage import open_store

    lease.acquire(open_store(str(store)), "tonight")

    ran = assay("nightly", "--runner", "inline")

    assert ran.status == 6
    assert re.fullmatch(r"error\[storage_unavailable\]: .*tonight.*\n", ran.err)


def test_demo(assay: Assay, tmp_path: Path) -> None:
    """The demo prints a table and the reports' paths, index first; it ends with 0 though a gate fails."""
    folder = tmp_path / "demo"

    first = assay("demo", folder, "--runner", "inline")
    second = assay("demo", folder, "--runner", "inline", "--json")

    assert 0 == first.status == second.status
    heading, *lines = first.out.splitlines()
    assert heading.split()[:4] == ["model", "version", "rows", "weighted"]
    assert re.search(
        r"^Customer churn +ver-001a1 +14,000 +0\.954 \[.*\] +pass +\d+$", first.out, re.MULTILINE
    )
    paths = [line for line in lines if line.startswith(str(folder))]
    assert f"{folder}/evaluations/index.html" == paths[0]
    assert all(Path(path).is_file() for path in paths)
    assert {"up_to_date"} == set(json.loads(second.out)["counts"])


def test_demo_in_the_store_that_is_named(
    assay: Assay, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``--store`` is where the demo goes, ASSAY_STORE is not, and two places are one too many."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(runner, "run_night", lambda order, *_, **__: asked.append(order.store) or EMPTY)
    asked: list[str] = []

    assert assay("demo", "--store", tmp_path / "named").status == 0
    assert assay("demo", store=tmp_path / "environment").status == 0
    both = assay("demo", tmp_path / "a", "--store", tmp_path / "b")

    assert asked == [str(tmp_path / "named"), str(tmp_path / "assay-demo")]
    assert (tmp_path / "named/models").is_dir()
    assert (both.status, (tmp_path / "a").exists(), (tmp_path / "b").exists()) == (2, False, False)
    assert "FOLDER or --store" in both.err


EMPTY: dict[str, Any] = {"run": "r", "counts": {}, "evaluations": [], "skipped": []}
