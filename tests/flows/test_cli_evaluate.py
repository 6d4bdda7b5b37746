"""``assay evaluate``, of a version and of files."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from flows import measure, runner
from tests.flows.conftest import Ran
from tests.flows.stores import document, put_version, snapshot, write_predictions, write_scores

Assay = Callable[..., Ran]
pytestmark = pytest.mark.usefixtures("quick_reports")


def test_evaluate_prints_verdict_and_reports(assay: Assay, store: Path) -> None:
    """The verdict, the figures with intervals and the reports' paths are printed; progress is elsewhere."""
    ran = assay("evaluate", "good")

    assert ran.status == 0
    assert "verdict: pass, 40 rows" in ran.out
    assert re.search(r"weighted_f1 +0\.\d{3} \[0\.\d{3}, 0\.\d{3}\]", ran.out)
    assert f"{store}/evaluations/good/v1/test/report.html\n" in ran.out
    assert "reading" in ran.err
    assert "up to date" in assay("evaluate", "good").out


def test_evaluate_ends_with_1_where_a_gate_failed(assay: Assay, store: Path) -> None:
    """A failed gate is exit status 1, every time."""
    assert assay("evaluate", "bad").status == 1
    assert assay("evaluate", "bad", "--json").status == 1


def test_evaluate_json_is_the_summary(assay: Assay, store: Path) -> None:
    """``--json`` prints the stored summary and nothing else."""
    ran = assay("evaluate", "good", "--json")

    assert document(store / "evaluations/good/v1/test/summary.json") == json.loads(ran.out)


def test_quiet_prints_nothing(assay: Assay, store: Path) -> None:
    """``--quiet`` leaves nothing but errors."""
    assert Ran(0, "", "") == assay("evaluate", "good", "--quiet")
    assert Ran(1, "", "") == assay("nightly", "--runner", "inline", "--quiet")
    (store / "models/bad/versions/v1/predictions/test/part-0.parquet").write_bytes(b"PAR1 broken PAR1")
    ran = assay("nightly", "--runner", "inline", "--quiet")
    assert (ran.status, ran.out, ran.err.startswith("error[unreadable_file]: bad v1: ")) == (7, "", True)
    assert ran.err.count("\n") == 1
    ran = assay("evaluate", "nobody", "--quiet")
    assert (ran.out, ran.err.startswith("error[model_not_found]: ")) == ("", True)


def test_evaluate_what_if(assay: Assay, store: Path, tmp_path: Path) -> None:
    """With a threshold the summary goes to standard output, the artifacts to the folder, nothing to the store."""
    write_scores(store / "models/good/versions/v1/predictions/test/part-0.parquet")
    settings = store / "models/good/model.json"
    settings.write_text(json.dumps({**document(settings), "positive_label": "dog"}))
    before = snapshot(store)

    ran = assay("evaluate", "good", "--threshold", "0.3", "--output", tmp_path / "out", "--json")

    assert ran.status == 0
    assert json.loads(ran.out)["thresholds"]["operating_point"] == 0.3
    assert (tmp_path / "out/report.html").is_file()
    assert before == snapshot(store)
    assert "what-if" in assay("evaluate", "good", "--threshold", "0.3").out


def test_evaluate_against_another_version(assay: Assay, store: Path) -> None:
    """With a baseline it is a what-if too: against that version, or none; one that is not there is an error."""
    put_version(store, "good", "v0")
    before = snapshot(store)

    found = [
        json.loads(assay("evaluate", "good", "--baseline", name, "--json").out) for name in ("v0", "none")
    ]

    assert [each["what_if"] for each in found] == [{"baseline": "v0"}, {"baseline": None}]
    assert found[0]["comparison"]["baseline_version"] == "v0"
    assert "comparison" not in found[1]
    assert before == snapshot(store)
    assert assay("evaluate", "good", "--baseline", "v9").status == 4


def test_output_must_be_a_folder(assay: Assay, store: Path) -> None:
    """A file in the place of the output folder is told before anything is done."""
    ran = assay("evaluate", "good", "--output", store / "models/good/model.json")

    assert (ran.status, ran.out) == (2, "")
    assert not (store / "evaluations").exists()


@pytest.mark.parametrize("runner_name", ["auto", "prefect"])
def test_evaluate_on_prefect(runner_name: str, assay: Assay, monkeypatch: pytest.MonkeyPatch) -> None:
    """``prefect``, and ``auto`` where an API is named, ask Prefect; an API that is silent is exit status 6."""
    monkeypatch.setattr(os, "environ", os.environ.copy())
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")

    def silent(where: str, patience: float) -> None:
        raise runner._no_answer(where)

    monkeypatch.setattr(runner, "_reach_api", silent)

    ran = assay("evaluate", "good", "--runner", runner_name)

    assert ran.status == 6
    assert ran.err.startswith("error[engine_unavailable]: Prefect's API at http://127.0.0.1:9/api does not")


@pytest.mark.parametrize("form", [["--file", "{0}", "{1}"], ["--file", "{0}", "--file", "{1}"]])
def test_evaluate_files(form: list[str], assay: Assay, tmp_path: Path) -> None:
    """Files are evaluated without a store, and the report goes to the output folder."""
    files = [write_predictions(tmp_path / f"{name}.parquet") for name in "ab"]
    out = tmp_path / "out"

    ran = assay("evaluate", *[part.format(*files) for part in form], "--output", out, store=tmp_path / "none")

    assert ran.status == 0
    assert f"{out}/report.html\n{out}/report.pdf\n" in ran.out
    summary = document(out / "summary.json")
    assert (summary["model_id"], summary["examples"], summary["verdict"]) == ("local", 80, "none")
    assert summary["model_name"] == "a.parquet"
    assert {"report.html", "report.pdf", "confusion_matrix.json", "summary.json"} == set(snapshot(out))
    assert not (tmp_path / "none").exists()


def test_evaluate_files_with_settings(assay: Assay, tmp_path: Path) -> None:
    """The settings name the model and set its gates; a gate that fails is exit status 1."""
    file = write_predictions(tmp_path / "a.parquet")
    settings = tmp_path / "model.json"
    settings.write_text('{"model_id": "mine", "gates": [{"metric": "accuracy", "min": 0.99}]}')

    ran = assay("evaluate", "--file", file, "--settings", settings, "--output", tmp_path / "out", "--json")

    assert ran.status == 1
    assert tuple(json.loads(ran.out)[name] for name in ("model_id", "verdict")) == ("mine", "fail")


def test_evaluate_files_twice_is_the_same(assay: Assay, tmp_path: Path) -> None:
    """The same files give the same summary, provenance apart."""
    file = write_predictions(tmp_path / "a.parquet")
    summaries = []
    for name in ("one", "two"):
        assay("evaluate", "--file", file, "--output", tmp_path / name)
        summaries.append(document(tmp_path / name / "summary.json") | {"provenance": None})

    assert summaries[0] == summaries[1]


def test_evaluation_of_files_is_known_by_all_that_it_shows(assay: Assay, tmp_path: Path) -> None:
    """Model, version, split, times, counts, settings known and unknown: each has part in the digest."""
    file = write_predictions(tmp_path / "a.parquet")
    variants: list[dict[str, object]] = [
        {},
        {"model_id": "mine"},
        {"version_id": "v2"},
        {"created_at": "2026-11-20T02:00:00Z"},
        {"training_counts": {"cat": 5, "dog": 5}},
        {"name": "Pets"},
        {"colour": "blue"},
    ]

    def digest(settings: object, *options: str) -> str:
        (tmp_path / "model.json").write_text(json.dumps(settings))
        given = ("--settings", tmp_path / "model.json", "--output", tmp_path / "out", "--json", *options)
        return str(json.loads(assay("evaluate", "--file", file, *given).out)["evaluation"])

    digests = [*map(digest, variants), digest({}, "--split", "validation")]
    assert len({*digests}) == len(digests)
    assert all(re.fullmatch("[0-9a-f]{64}", each) for each in digests)
    assert digest({}) == digests[0]


def test_files_are_read_for_their_digest_once(
    assay: Assay, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They may be large."""
    hashed: list[Path] = []
    local = measure._local
    monkeypatch.setattr(measure, "_local", lambda path: hashed.append(path) or local(path))
    file = write_predictions(tmp_path / "a.parquet")

    ran = assay("evaluate", "--file", file, "--output", tmp_path / "out")

    assert hashed == [file]
    assert ran.out.startswith("a.parquet test\n")  # for want of a name
