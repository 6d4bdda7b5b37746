"""The index of all evaluations and its page."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from evalcore.errors import InvalidPredictions
from infra.entries import entry_of, failed_entry, target_of
from infra.index import SCHEMA_VERSION, read_index, update_index
from infra.layout import INDEX_HTML, INDEX_JSON, Target, failure_key, summary_key
from infra.publish import publish, record_failure, stored
from infra.storage import Store, WriteConflict, open_store
from tests.infra.doubles import Killed, Wrapped, dies_at, files, put, put_model, put_version, summary

ERROR = InvalidPredictions("no column y_true", "add it")


@pytest.fixture
def store(folder_store: str) -> Store:
    """An empty store."""
    return open_store(folder_store)


def render(index: dict[str, Any]) -> bytes:
    """A page that shows what the index has."""
    return json.dumps(index).encode()


def entry(store: Any, version: str = "v1", model: str = "m", **more: Any) -> dict[str, Any]:
    """The entry of an evaluation that is put in force, its summary alone."""
    target = Target(model, version)
    document = summary(target, **more)
    return entry_of(document, put(store, summary_key(target), document), promoted=False)


def failure(store: Any, version: str = "v1", **settings: Any) -> dict[str, Any]:
    """The entry of an attempt that failed, and is recorded."""
    told = record_failure(store, Target("m", version), ERROR)
    return failed_entry(Target("m", version), told, settings, {})


def indexed(store: Any) -> list[dict[str, Any]]:
    """The index's entries; asserts that the page shows them."""
    index = json.loads(store.read(INDEX_JSON).data)
    assert index["schema_version"] == SCHEMA_VERSION
    assert json.loads(store.read(INDEX_HTML).data) == index
    return index["evaluations"]


def versions(store: Any) -> list[str]:
    """The versions in the index."""
    return [line["version_id"] for line in indexed(store)]


def test_an_entry_has_the_headline() -> None:
    """Missing figures are null, gates are counted by status, and mere information is no warning."""
    document = summary(
        Target("m", "v1", "test", "7"),
        verdict="fail",
        examples=14,
        overall={"accuracy": 0.9, "accuracy_interval": [0.8, 0.95], "weighted_f1": None, "macro_f1": 1},
        gates=[
            {
                "metric": "accuracy",
                "min": 0.8,
                "value": 0.9,
                "interval": None,
                "status": "pass",
                "reason": "-",
            },
            {"metric": "recall[a]", "status": "fail", "reason": "0.1 is not at least 0.2"},
            {"status": "pass"},
        ],
        warnings=[{"severity": "info"}, {"severity": "warning"}, {"severity": "critical"}],
    )
    assert entry_of(document, "e", promoted=True) == {
        "key": "evaluations/m/v1/test/checkpoint=7/",
        "model_id": "m",
        "model_name": "Model",
        "version_id": "v1",
        "dataset_split": "test",
        "checkpoint": "7",
        "created_at": "2026-11-20T02:00:00Z",
        "promoted": True,
        "summary_etag": "e",
        "evaluation": document["evaluation"],
        "verdict": "fail",
        "examples": 14,
        "headline": {
            "weighted_f1": None,
            "weighted_f1_interval": None,
            "accuracy": 0.9,
            "accuracy_interval": [0.8, 0.95],
        },
        "first_gate": {"metric": "accuracy", "min": 0.8, "value": 0.9, "interval": None, "status": "pass"},
        "failed_gate": {"metric": "recall[a]", "reason": "0.1 is not at least 0.2"},
        "gates": {"pass": 2, "inconclusive": 0, "fail": 1},
        "warnings": 2,
        "artifacts": {},
        "failure": None,
    }
    assert target_of(document) == Target("m", "v1", "test", "7")


def test_entries_are_added_and_replaced(store_url: str) -> None:
    """Sorted by key, each once, in one write for all changes."""
    store = open_store(store_url)
    changes, counted = [entry(store, "v2"), entry(store, "v1")], Wrapped(store)
    update_index(counted, changes, render)
    assert len(counted.named("write")) == 2
    assert versions(store) == ["v1", "v2"]
    update_index(store, [entry(store, "v1", verdict="fail"), entry(store, "v0")], render)
    assert [(line["version_id"], line["verdict"]) for line in indexed(store)] == [
        ("v0", "pass"),
        ("v1", "fail"),
        ("v2", "pass"),
    ]
    assert read_index(store)["evaluations"] == indexed(store)


def test_nothing_new_is_nothing_written(store: Store) -> None:
    """Neither the index nor the page."""
    update_index(store, [entry(store)], render)
    counted = Wrapped(store)
    update_index(counted, [entry(store)], render)
    assert counted.named("write") == []


def test_a_page_that_was_left_behind_is_made_again(store: Store) -> None:
    """A run was killed between the two, or pages look different now."""
    update_index(store, [entry(store)], render)
    put(store, INDEX_HTML, "old")
    update_index(store, [], render)
    assert versions(store) == ["v1"]


def test_a_failure_keeps_the_evaluation_in_force(store: Store) -> None:
    """Verdict and figures stay beside what went wrong; the next success clears it."""
    update_index(store, [entry(store, verdict="inconclusive")], render)
    told = failure(store, promoted_version="v1")
    update_index(store, [told], render)
    (line,) = indexed(store)
    assert (line["verdict"], line["promoted"], line["model_name"]) == ("inconclusive", True, "Model")
    assert line["failure"] == told["failure"]
    assert list(line["failure"]) == ["code", "message", "at"]
    store.delete([failure_key(Target("m", "v1"))])
    update_index(store, [entry(store)], render)
    assert indexed(store)[0]["failure"] is None


def test_a_first_attempt_that_fails_has_an_entry(store: Store) -> None:
    """With every name an entry has, and nothing known."""
    version = {"created_at": "2026-11-20T02:00:00Z"}
    record_failure(store, Target("m", "v1"), ERROR)
    entry = failed_entry(Target("m", "v1"), ERROR.document(), {"name": "Churn"}, {**version, "name": "Now"})
    update_index(store, [entry], render)
    (line,) = indexed(store)
    assert list(line) == list(entry_of(summary(Target("m", "v1")), "e", promoted=False))
    assert (line["model_name"], line["verdict"], line["evaluation"]) == ("Now", None, None)
    assert (line["created_at"], line["promoted"]) == ("2026-11-20T02:00:00Z", False)
    assert set(line["headline"].values()) == {None}


def test_a_first_attempt_of_an_unreadable_model_has_an_entry(store: Store) -> None:
    """Neither its name nor its promotion is made up."""
    update_index(store, [failure(store)], render)
    assert [(line["model_name"], line["promoted"]) for line in indexed(store)] == [(None, False)]


@pytest.mark.parametrize("kind", ["folder", "weed"])
def test_what_was_replaced_since_is_not_told(kind: str, request: pytest.FixtureRequest) -> None:
    """A night that comes late with its entries covers none of an evaluation that came after them."""
    store = open_store(request.getfixturevalue(f"{kind}_store"))
    update_index(store, [], render)
    late = [entry(store, "v1"), entry(store, "v2"), failure(store, "v3"), entry(store, "v4")]
    update_index(store, [entry(store, "v1", verdict="fail")], render)
    store.delete([failure_key(Target("m", "v3"))])
    update_index(store, [entry(store, "v3", verdict="inconclusive"), failure(store, "v4")], render)

    update_index(store, late, render)

    assert [(line["version_id"], line["verdict"], bool(line["failure"])) for line in indexed(store)] == [
        ("v1", "fail", False),
        ("v2", "pass", False),
        ("v3", "inconclusive", False),
        ("v4", "pass", True),
    ]


def test_what_the_index_says_already_costs_nothing(store: Store) -> None:
    """One look at each evaluation that is new, and none at those that are known."""
    known = [entry(store, f"v{number}") for number in range(9)]
    known.append(failure(store, "v9"))
    update_index(store, known, render)
    counted = Wrapped(store)
    update_index(counted, [*known, entry(store, "w")], render)
    assert counted.named("list") == [("list", "evaluations/m/w/test/summary.json")]


def test_a_change_is_looked_at_again_after_a_lost_race(store: Store) -> None:
    """Another writer replaces the evaluation and tells the index between our look and our write."""
    late, overtaken = entry(store, verdict="pass"), []

    def overtake(number: int, name: str, args: Any) -> None:
        if name == "write" and args[0] == INDEX_JSON and not overtaken:
            overtaken.append(True)
            update_index(store, [entry(store, verdict="fail")], render)

    update_index(Wrapped(store, before=overtake), [late], render)

    assert [line["verdict"] for line in indexed(store)] == ["fail"]


def test_promotion_marks_all_entries_of_the_model(store: Store) -> None:
    """The old one loses its mark; other models keep theirs."""
    update_index(
        store,
        [entry(store, "v1"), entry(store, "v2"), entry(store, "v1", model="other")],
        render,
        promoted={"other": "v1"},
    )
    update_index(store, [], render, promoted={"m": "v1"})
    update_index(store, [], render, promoted={"m": "v2", "absent": None})
    assert [(line["model_id"], line["version_id"], line["promoted"]) for line in indexed(store)] == [
        ("m", "v1", False),
        ("m", "v2", True),
        ("other", "v1", True),
    ]


@pytest.mark.parametrize("kind", ["folder", "weed"])
def test_many_writers_lose_nothing(kind: str, request: pytest.FixtureRequest) -> None:
    """Each adds an entry at the same time; all are there, and the page shows all."""
    store_url = request.getfixturevalue(f"{kind}_store")
    store = open_store(store_url)
    with ThreadPoolExecutor(6) as pool:
        list(
            pool.map(lambda n: update_index(open_store(store_url), [entry(store, f"v{n}")], render), range(6))
        )
    assert versions(store) == [f"v{n}" for n in range(6)]


def test_a_slow_page_does_not_cover_a_newer_one(store: Store) -> None:
    """Who finds the index changed after writing the page makes the page of the new index."""
    overtaken: list[bool] = []

    def overtake(number: int, name: str, args: Any) -> None:
        if name == "write" and args[0] == INDEX_JSON and not overtaken:
            overtaken.append(True)
            update_index(store, [entry(store, "v2")], render)

    index = update_index(Wrapped(store, after=overtake), [entry(store, "v1")], render)
    assert versions(store) == ["v1", "v2"]
    assert [line["version_id"] for line in index["evaluations"]] == ["v1", "v2"]


def test_an_index_that_never_rests_ends_in_an_error(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """After twenty lost races, with a pause between them that grows to two seconds at most."""
    pauses: list[float] = []
    monkeypatch.setattr("infra.index.time.sleep", pauses.append)

    def change(number: int, name: str, args: Any) -> None:
        if name == "write":
            put(store, INDEX_JSON, {"evaluations": [], "n": number})

    with pytest.raises(WriteConflict):
        update_index(Wrapped(store, before=change), [], render)
    assert len(pauses) == 19
    assert max(pauses) <= 2


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_killed_update_is_made_good(folder_store: str, moment: str) -> None:
    """Whatever call it ends at, the next update leaves both files right."""
    whole = open_store(folder_store)
    for number in range(20):
        store = Wrapped(whole, **{moment: dies_at(number)})
        change = entry(whole, f"v{number}")
        try:
            update_index(store, [change], render)
        except Killed:
            update_index(whole, [change], render)
        assert len(indexed(whole)) == number + 1
    assert len(store.calls) < number


def published(store: Store, version: str, **more: Any) -> dict[str, Any]:
    """Publish an evaluation; its entry."""
    target = Target("m", version)
    publish(store, target, summary(target, **more), files(), None)
    found = stored(store, target)
    return entry_of(found.document, found.etag, promoted=version == "v1")


@pytest.mark.parametrize(
    "content", [None, "{", "[]", '{"evaluations": 5}', '{"evaluations": [{"key": 5}, 7]}']
)
def test_an_index_that_is_broken_or_gone_is_read_again(store_url: str, content: str | None) -> None:
    """From the summaries and failures; what is damaged there is left out."""
    store = open_store(store_url)
    put_model(store, promoted_version="v1")
    expected = [published(store, "v1"), published(store, "v2", verdict="fail")]
    told = record_failure(store, Target("m", "v2"), ERROR)
    record_failure(store, Target("m", "v5"), ERROR)
    put_version(store, "v5", created_at="2026-11-21T02:00:00Z")
    put(store, "evaluations/m/v3/test/summary.json", "{")
    put(store, "evaluations/m/v4/test/failure.json", "{")
    put(store, "evaluations/notes/summary.json", "{}")
    if content is not None:
        put(store, INDEX_JSON, content)
    assert read_index(store) is None
    update_index(store, [entry(store, "v9")], render)
    expected[1]["failure"] = {name: told[name] for name in ("code", "message", "at")}
    assert indexed(store)[:2] == expected
    assert versions(store) == ["v1", "v2", "v5", "v9"]
    never = indexed(store)[2]
    assert (never["created_at"], never["model_name"]) == ("2026-11-21T02:00:00Z", "Model")


def test_an_index_of_an_older_form_is_read_and_then_made_anew(store: Store) -> None:
    """Readers make do with it; the next change has every entry as the summaries tell it."""
    gates = [{"metric": "accuracy", "min": 0.8, "value": 0.9, "status": "pass"}]
    whole = published(store, "v1", gates=gates)
    old = {name: value for name, value in whole.items() if name != "first_gate"}
    put(store, INDEX_JSON, json.dumps({"schema_version": "1.0", "evaluations": [old]}))
    index = read_index(store)
    assert index is not None
    assert index["evaluations"] == [whole | {"first_gate": None, "promoted": True}]
    update_index(store, [entry(store, "v2")], render)
    assert [line["first_gate"] for line in indexed(store)] == [gates[0], None]


def test_an_empty_index_is_an_index(store: Store) -> None:
    """A first night without models has a page."""
    assert update_index(store, [], render) == {"schema_version": SCHEMA_VERSION, "evaluations": []}
    assert indexed(store) == []


def night(run: str, **counts: int) -> dict[str, Any]:
    """The record of a night that has ended."""
    time = "2026-11-20T02:00:00Z"
    told = {"run": run, "started_at": time, "finished_at": time, "split": "test", "planned": 1}
    return {**told, "counts": counts, "evaluations": [], "skipped": []}


def test_the_last_night_with_news_is_told(store: Store) -> None:
    """One with nothing due writes nothing, unless the one before it failed or was cut short."""

    def told(record: dict[str, Any] | None, *changes: dict[str, Any]) -> Any:
        index = update_index(store, changes, render, night=record)
        assert indexed(store) == index["evaluations"]
        return index.get("night", {}).get("run")

    assert told(None, entry(store)) is None
    assert told(night("a", up_to_date=1)) is None
    assert told(night("b", published=1), entry(store, "v2")) == "b"
    before = store.read(INDEX_JSON)
    assert told(night("c", up_to_date=1)) == "b"
    assert store.read(INDEX_JSON) == before
    assert told(None, entry(store, "v3")) == "b"
    assert told(night("d", failed=1)) == "d"
    assert told(night("e", up_to_date=1)) == "e"
    assert told(night("f", published=1) | {"finished_at": None}, entry(store, "v4")) == "f"
    assert told(night("g", up_to_date=1)) == "g"
    index = read_index(store)
    assert index is not None
    assert set(index["night"]) == {"run", "started_at", "finished_at", "split", "planned", "counts"}
