"""The commands that put into the store, read from it, and look at it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.flows.conftest import Ran
from tests.flows.stores import document, put_model, put_version, snapshot, write_predictions

Assay = Callable[..., Ran]
pytestmark = pytest.mark.usefixtures("quick_reports")


def test_add_and_promote(assay: Assay, tmp_path: Path) -> None:
    """Predictions go up, the version exists, and once promoted it is the one that is evaluated."""
    store = tmp_path / "new"
    file = write_predictions(tmp_path / "part-0.parquet")
    settings = tmp_path / "model.json"
    settings.write_text('{"name": "Pets", "labels": ["cat", "dog"]}')

    added = assay("add", "pets", "v1", "--split", "test", file, "--settings", settings, store=store)
    unpromoted = assay("evaluate", "pets", store=store)
    promoted = assay("promote", "pets", "v1", "--json", store=store)
    again = assay("add", "pets", "v2", file, "--promote", "--json", store=store)

    assert "wrote models/pets/versions/v1/predictions/test/part-0.parquet" in added.out
    assert unpromoted.status == 4
    assert json.loads(promoted.out) == {"model_id": "pets", "promoted_version": "v1", "changed": True}
    assert json.loads(again.out)["promoted"]
    assert "Pets" in assay("evaluate", "pets", store=store).out
    assert (store / "evaluations/pets/v2/test/summary.json").is_file()


@pytest.mark.parametrize("how", ["promote", "add"])
def test_promote_marks_the_index(how: str, assay: Assay, evaluated: Path, tmp_path: Path) -> None:
    """The index shows another version as the promoted one at once."""
    if how == "add":
        assay("add", "good", "v2", write_predictions(tmp_path / "a.parquet"), "--promote")
    else:
        put_version(evaluated, "good", "v2")
        assay("promote", "good", "v2")

    entries = {
        entry["model_id"]: entry for entry in document(evaluated / "evaluations/index.json")["evaluations"]
    }
    assert (entries["good"]["promoted"], entries["bad"]["promoted"]) == (False, True)


def test_confusion_matrix(assay: Assay, evaluated: Path) -> None:
    """The matrix is printed as JSON in the promised form, counts or shares of each row."""
    counts = json.loads(assay("confusion-matrix", "good").out)
    shares = json.loads(assay("confusion-matrix", "good", "--normalize", "--version", "v1").out)

    names = "model_id version_id dataset_split labels matrix normalized per_class_metrics"
    assert set(names.split()) == set(counts)
    assert tuple(counts[name] for name in ("labels", "matrix", "normalized")) == (
        ["cat", "dog"],
        [[15, 5], [0, 20]],
        False,
    )
    assert (shares["matrix"], shares["normalized"]) == ([[0.75, 0.25], [0.0, 1.0]], True)
    assert {"precision", "recall", "f1_score"} == set(counts["per_class_metrics"]["cat"])


def test_summary(assay: Assay, evaluated: Path) -> None:
    """A stored evaluation is printed for people, or as its document; its verdict is no exit status."""
    assert "verdict: fail, 40 rows" in assay("summary", "bad").out
    ran = assay("summary", "bad", "--json")
    assert (0, document(evaluated / "evaluations/bad/v1/test/summary.json")) == (
        ran.status,
        json.loads(ran.out),
    )


def test_a_damaged_summary_is_not_one_that_was_never_made(assay: Assay, evaluated: Path) -> None:
    """It is named, with the command that makes it again."""
    path = evaluated / "evaluations/good/v1/test/summary.json"
    path.write_bytes(path.read_bytes()[:99])

    ran = assay("summary", "good")

    assert (ran.status, ran.out) == (5, "")
    assert ran.err == (
        f"error[unreadable_file]: {path} is damaged; run assay evaluate good --version v1 --split test\n"
    )
    assert assay("evaluate", "good", "--version", "v1", "--split", "test").status == 0


def test_list(assay: Assay, evaluated: Path) -> None:
    """Models are listed with versions, verdicts and figures, broken ones among them."""
    put_version(evaluated, "good", "v2")
    put_model(evaluated, "broken")
    (evaluated / "models/broken/model.json").write_text("{")

    ran = assay("list")

    assert ran.status == 0
    assert re.search(r"^good +v1 \(promoted\) +test +pass +0\.\d{3} \[", ran.out, re.MULTILINE)
    assert re.search(r"^good +v2 +– +not evaluated", ran.out, re.MULTILINE)
    assert re.search(r"^broken +error\[invalid_settings\]", ran.out, re.MULTILINE)
    models = {model["model_id"]: model for model in json.loads(assay("list", "--json").out)["models"]}
    assert (models["good"]["versions"], models["good"]["promoted_version"]) == (["v1", "v2"], "v1")
    assert models["bad"]["evaluations"][0]["verdict"] == "fail"


def test_schema_fits_what_is_stored(assay: Assay, evaluated: Path) -> None:
    """``assay schema`` prints the schema that stored summaries are valid against."""
    import jsonschema

    schema = json.loads(assay("schema").out)

    for name in ("good", "bad"):
        jsonschema.validate(document(evaluated / f"evaluations/{name}/v1/test/summary.json"), schema)


def test_control_characters_do_not_reach_the_terminal(assay: Assay, store: Path) -> None:
    """A name from the data cannot move the cursor."""
    put_model(store, "odd", name="\x1b[2Jodd\u202e")

    out = assay("evaluate", "odd").out

    assert "\x1b" not in out
    assert "\u202e" not in out
    assert "\ufffd[2Jodd\ufffd" in out
    write_predictions(
        store / "models/good/versions/v1/predictions/test/part-0.parquet", y_pred=["\x1b[2J"] * 40
    )
    err = assay("evaluate", "good").err
    assert "\x1b" not in err
    assert "error[invalid_predictions]" in err


def test_doctor_finds_all_well(assay: Assay, store: Path) -> None:
    """Where all is well each line is ok, the exit status 0, and the store as it was."""
    before = snapshot(store)

    ran = assay("doctor", "--json")

    checks = {check["name"]: check for check in json.loads(ran.out)["checks"]}
    assert ran.status == 0
    assert {"ok"} == {check["status"] for check in checks.values()}
    assert {"python", "PDF rendering", "store", "Prefect API", "prefect", "weasyprint"} <= set(checks)
    assert before == snapshot(store)


def test_doctor_names_remedies(assay: Assay, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is missing is named with its remedy, and the exit status is the worst of them."""
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    monkeypatch.setattr("flows.checkup._pdf", lambda: (_ for _ in ()).throw(_no_pango()))

    ran = assay("doctor", store=tmp_path / "none")

    assert ran.status == 70
    assert re.search(r"^missing +PDF rendering +no Pango; install it$", ran.out, re.MULTILINE)
    assert re.search(
        r"^missing +store +there is no folder .*; make it \(`assay add` does\)", ran.out, re.MULTILINE
    )
    assert re.search(
        r"^missing +Prefect API +http://127\.0\.0\.1:9/api does not answer", ran.out, re.MULTILINE
    )


@pytest.mark.parametrize("answers", [False, True])
def test_doctor_keeps_secrets(
    answers: bool, assay: Assay, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A user and password in the address of Prefect's API are not printed."""
    import httpx

    def get(url: str, **_: object) -> httpx.Response:
        if not answers:
            raise httpx.InvalidURL(f"hunter2 in {url}")
        return httpx.Response(200, request=httpx.Request("GET", "http://here"))

    monkeypatch.setenv("PREFECT_API_URL", "http://user:pw/hunter2@127.0.0.1:9/api")
    monkeypatch.setattr("httpx.get", get)

    ran = assay("doctor")

    assert "http://…@127.0.0.1:9/api" in ran.out
    assert "hunter2" not in ran.out + ran.err


def _no_pango() -> Exception:
    from evalcore.errors import InternalError

    return InternalError("no Pango", "install it")


def test_summary_tells_of_a_failed_attempt(assay: Assay, evaluated: Path) -> None:
    """What is printed is then not of the last attempt; the summary itself, as JSON, is as it is."""
    assert "last attempt" not in assay("summary", "good").out
    (evaluated / "models/good/versions/v1/predictions/test/part-0.parquet").write_bytes(b"no")
    assay("evaluate", "good")

    told = assay("summary", "good")

    assert "verdict: pass" in told.out
    assert re.search(r"^the last attempt failed, \S+Z: error\[unreadable_file\]: .+$", told.out, re.MULTILINE)
    as_json = json.loads(assay("summary", "good", "--json").out)
    assert as_json == document(evaluated / "evaluations/good/v1/test/summary.json")
    (evaluated / "evaluations/good/v1/test/failure.json").write_text("{")
    assert "last attempt" not in assay("summary", "good").out
