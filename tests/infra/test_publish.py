"""Putting evaluations in force, mending them, and clearing old ones."""

from __future__ import annotations

import hashlib
import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from evalcore.errors import InvalidPredictions
from infra import layout
from infra.clock import utc
from infra.layout import Target
from infra.publish import _CONTENT_TYPES, Damaged, Stored, mend, publish, record_failure, stored
from infra.storage import Store, WriteConflict, open_store
from infra.sweep import sweep
from tests.infra.doubles import File, Killed, Wrapped, dies_at, files, put, summary

TARGET = Target("m", "v1", "test")
FOLDER = "evaluations/m/v1/test/"
FAILURE = f"{FOLDER}failure.json"
LATER = timedelta(days=1, seconds=5)


@pytest.fixture
def store(folder_store: str) -> Store:
    """An empty store."""
    return open_store(folder_store)


def publish_now(store: Any, content: str = "a", shown: str | None = None, target: Target = TARGET) -> None:
    """Publish over what is there; ``shown`` is what the files say, where it is not ``content``."""
    found = stored(store, target)
    publish(store, target, summary(target, content), files(shown or content), found.etag if found else None)


def artifacts_in_force(store: Any, target: Target = TARGET) -> dict[str, bytes]:
    """What a reader who goes by summary.json gets; asserts that it is whole."""
    found = stored(store, target)
    result = {}
    for name, line in found.document["artifacts"].items():
        data = store.read(layout.evaluation_folder(target) + line["key"]).data
        assert (len(data), hashlib.sha256(data).hexdigest()) == (line["size"], line["sha256"])
        result[name] = data
    return result


def contents(content: str) -> dict[str, bytes]:
    """What the files that say ``content`` hold."""
    return {name: file.data for name, file in files(content).items()}


def copies(store: Any) -> dict[str, bytes]:
    """What lies beside the summary."""
    return {name: store.read(FOLDER + name).data for name in files()}


def everything(store: Store) -> dict[str, Any]:
    """Every object with its time and ETag."""
    return {entry.key: (entry.modified, entry.etag) for entry in store.list("")}


def test_what_is_published(store_url: str) -> None:
    """The artifacts under the digest's first 16 digits, the summary that names them, and the copies."""
    store = open_store(store_url)
    published = publish(store, TARGET, summary(TARGET), files(), None)
    folder = summary(TARGET)["evaluation"][:16]
    assert [entry.key.removeprefix(FOLDER) for entry in store.list(FOLDER)] == sorted(
        [
            f"{folder}/confusion_matrix.json",
            f"{folder}/report.html",
            "confusion_matrix.json",
            "report.html",
            "summary.json",
        ]
    )
    assert stored(store, TARGET) == Stored(published.document, published.etag)
    assert published.document["artifacts"]["report.html"] == {
        "key": f"{folder}/report.html",
        "size": 4,
        "sha256": hashlib.sha256(b"<p>a").hexdigest(),
    }
    assert {**published.document, "artifacts": None} == {**summary(TARGET), "artifacts": None}
    assert list(published.document)[-2:] == ["artifacts", "provenance"]
    assert artifacts_in_force(store) == copies(store) == contents("a")


def test_on_s3_objects_have_their_content_type(moto_store: str) -> None:
    """The artifact and the copy have the rendered one, the summary JSON's."""
    import boto3

    publish_now(open_store(moto_store))
    client = boto3.client("s3")
    found = {
        key.rpartition("/")[2]: client.head_object(Bucket="assay-tests", Key=key)["ContentType"]
        for key in (entry["Key"] for entry in client.list_objects_v2(Bucket="assay-tests")["Contents"])
    }
    client.close()
    assert found == {
        "summary.json": "application/json",
        "report.html": "text/html; charset=utf-8",
        "confusion_matrix.json": "application/json",
    }


def test_nothing_is_stored_yet(store: Store) -> None:
    """There is no evaluation in force."""
    assert stored(store, TARGET) is None


def test_a_damaged_summary_can_be_replaced(store: Store) -> None:
    """It counts as an evaluation without content, so that the next one has something to replace."""
    put(store, f"{FOLDER}summary.json", "{")
    assert stored(store, TARGET).document == {}
    publish_now(store)
    assert artifacts_in_force(store) == contents("a")


def test_checkpoints_do_not_meet(store: Store) -> None:
    """Each has an evaluation of its own, in a folder of its own."""
    named = Target("m", "v1", "test", "7")
    publish_now(store, "a")
    publish_now(store, "b", target=named)
    assert artifacts_in_force(store) == contents("a")
    assert artifacts_in_force(store, named) == contents("b")
    assert mend(store, TARGET, stored(store, TARGET)) == []


@pytest.mark.parametrize("shown", ["new", "other"])
@pytest.mark.parametrize("content", ["new", "old"])
@pytest.mark.parametrize("moment", ["before", "after"])
def test_whatever_is_killed_when_an_evaluation_is_whole(
    tmp_path: Path, moment: str, content: str, shown: str
) -> None:
    """Before and after each call to the store: old or new, and the next attempt leaves nothing undone.

    Also where the same evaluation is published again, with the same files or with others.
    """
    for number in range(50):
        whole = open_store(tmp_path / str(number), create=True)
        publish_now(whole, "old")
        record_failure(whole, TARGET, InvalidPredictions("a", "b"))
        store = Wrapped(whole, **{moment: dies_at(number)})
        try:
            publish_now(store, content, shown)
        except Killed:
            assert artifacts_in_force(whole) in (contents("old"), contents(shown))
            found = stored(whole, TARGET)
            assert mend(whole, TARGET, found) != [] or number >= len(store.calls) - 2
            assert mend(whole, TARGET, found) == []
            assert copies(whole) == artifacts_in_force(whole)
            publish_now(whole, content, shown)
        assert artifacts_in_force(whole) == copies(whole) == contents(shown)
        assert whole.read(FAILURE) is None
        if len(store.calls) <= number:
            return
    pytest.fail("the enumeration must reach beyond the last call")


def test_the_loser_of_two_writers_is_told(store_url: str) -> None:
    """The other's evaluation stays in force, whole, with its copies."""
    store = open_store(store_url)
    publish_now(store, "old")
    etag = stored(store, TARGET).etag
    publish(store, TARGET, summary(TARGET, "first"), files("first"), etag)
    for previous in (etag, None):
        with pytest.raises(WriteConflict):
            publish(store, TARGET, summary(TARGET, "second"), files("second"), previous)
    assert artifacts_in_force(store) == copies(store) == contents("first")


def test_copies_follow_the_summary_that_came_last(store: Store) -> None:
    """A writer that is slow with its copies does not leave them over those of the next evaluation."""

    def overtake(number: int, name: str, args: Any) -> None:
        if (name, args[0]) == ("write", f"{FOLDER}summary.json") and not overtaken:
            overtaken.append(True)
            publish_now(store, "faster")

    overtaken: list[bool] = []
    publish_now(Wrapped(store, after=overtake), "slow")
    assert artifacts_in_force(store) == copies(store) == contents("faster")


def test_what_a_summary_names_is_never_changed(store: Store) -> None:
    """The same evaluation that looks different (other fonts) gets keys beside those in force."""
    publish_now(store, "a", "looks")
    before = artifacts_in_force(store)
    held = stored(store, TARGET).document["artifacts"]
    publish_now(store, "a", "looks otherwise")
    assert artifacts_in_force(store) == contents("looks otherwise")
    for name, line in held.items():
        assert store.read(FOLDER + line["key"]).data == before[name]
    folder = summary(TARGET, "a")["evaluation"][:16]
    key = stored(store, TARGET).document["artifacts"]["report.html"]["key"]
    assert key.startswith(f"{folder}/report-")
    assert key.endswith(".html")


def test_publishing_again_repairs_a_damaged_artifact_in_its_place(store: Store) -> None:
    """The summary in force says what it must be."""
    publish_now(store)
    key = FOLDER + stored(store, TARGET).document["artifacts"]["report.html"]["key"]
    put(store, key, "damage")
    publish_now(store)
    assert FOLDER + stored(store, TARGET).document["artifacts"]["report.html"]["key"] == key
    assert artifacts_in_force(store) == contents("a")


def test_nothing_to_mend_is_nothing_written(store_url: str) -> None:
    """One listing is enough to see that, and no content is read."""
    store = open_store(store_url)
    publish_now(store)
    before = everything(store)
    counted = Wrapped(store)
    assert mend(counted, TARGET, stored(store, TARGET)) == []
    assert counted.calls == [("list", FOLDER)]
    assert everything(store) == before


def test_copies_are_mended(store_url: str) -> None:
    """One that is missing, one of another length and one of other content."""
    store = open_store(store_url)
    for damage in (None, b"x", b"<p>b"):
        publish_now(store)
        if damage:
            put(store, f"{FOLDER}report.html", damage)
        else:
            store.delete([f"{FOLDER}report.html"])
        counted = Wrapped(store)
        assert mend(counted, TARGET, stored(store, TARGET)) == [f"{FOLDER}report.html"]
        assert counted.named("write", "delete") == [("write", f"{FOLDER}report.html")]
        assert copies(store) == contents("a")


def test_an_artifact_is_mended_from_its_copy(store: Store) -> None:
    """One of the two is enough; without either the evaluation is to be made again."""
    publish_now(store)
    found = stored(store, TARGET)
    key = FOLDER + found.document["artifacts"]["report.html"]["key"]
    store.delete([key])
    assert mend(store, TARGET, found) == [key]
    assert artifacts_in_force(store) == contents("a")
    store.delete([key, f"{FOLDER}report.html"])
    with pytest.raises(Damaged, match=r"report\.html is not what summary\.json says"):
        mend(store, TARGET, found)


def test_an_evaluation_that_was_replaced_meanwhile_is_not_mended(store: Store) -> None:
    """Its copies would cover those of the evaluation in force."""
    publish_now(store, "old")
    found = stored(store, TARGET)
    publish_now(store, "new")
    assert mend(store, TARGET, found) == []
    assert copies(store) == contents("new")


def test_content_types_are_those_of_the_reports() -> None:
    """A copy that is made again is stored as it was published."""
    from templates import formats

    for each in formats():
        assert _CONTENT_TYPES[PurePosixPath(each.name).suffix] == each.content_type


@pytest.mark.parametrize("artifacts", [None, [], "x", {"a": 5}, {"a": {"key": "b"}}])
def test_a_summary_without_its_artifacts_is_damaged(store: Store, artifacts: Any) -> None:
    """It is not taken for one that has nothing to mend."""
    with pytest.raises(Damaged):
        mend(store, TARGET, Stored({"artifacts": artifacts}, "e"))


def test_equal_content_with_other_etags_is_no_damage(store: Store) -> None:
    """Where encryption makes ETags differ, the content is compared and nothing is written."""
    publish_now(store)

    class Encrypted(Wrapped):
        def list(self, prefix: str) -> Any:
            import dataclasses

            return [dataclasses.replace(entry, etag=entry.key) for entry in self.inner.list(prefix)]

    counted = Encrypted(store)
    assert mend(counted, TARGET, stored(store, TARGET)) == []
    assert counted.named("write", "delete") == []


def test_a_failure_stands_beside_the_evaluation(store_url: str) -> None:
    """It says what happened, changes nothing else, and the next success or an up-to-date check removes it."""
    store = open_store(store_url)
    publish_now(store)
    before = everything(store)
    error = InvalidPredictions("no column y_true", "add it", file=Path("a\udc80"), share=float("nan"), rows=3)
    record_failure(store, TARGET, error)
    told = json.loads(store.read(FAILURE).data)
    assert told.pop("at") <= utc()
    assert told == {
        "code": "invalid_predictions",
        "message": "no column y_true; add it",
        "details": {"file": "a?", "share": "NaN", "rows": 3},
    }
    assert {key: state for key, state in everything(store).items() if key != FAILURE} == before
    assert mend(store, TARGET, stored(store, TARGET)) == [FAILURE]
    record_failure(store, TARGET, error)
    publish_now(store, "b")
    assert store.read(FAILURE) is None


def test_old_artifacts_go_after_a_day(store_url: str) -> None:
    """Those of other evaluations, once their newest file is a day old; nothing else, ever."""
    store = open_store(store_url)
    publish_now(store, "old")
    publish_now(store, "new")
    put(store, f"{FOLDER}checkpoint=7/0123456789abcdef/report.html")
    put(store, f"{FOLDER}notes/report.html")
    put(store, f"{FOLDER}0123456789ABCDEF/report.html")
    before = everything(store)
    new, old = (summary(TARGET, content)["evaluation"] for content in ("new", "old"))
    now = datetime.now(UTC)
    assert sweep(store, TARGET, new, now=now + timedelta(hours=23)) == []
    gone = sweep(store, TARGET, new, now=now + LATER)
    assert gone == [f"{FOLDER}{old[:16]}/{name}" for name in ("confusion_matrix.json", "report.html")]
    assert everything(store) == {key: state for key, state in before.items() if key not in gone}
    assert artifacts_in_force(store) == contents("new")


def test_a_sweep_goes_by_the_newest_file(store: Store) -> None:
    """A folder that is being written now is not old because a run that was killed began it."""
    publish_now(store)
    for name in ("confusion_matrix.json", "report.html"):
        put(store, f"{FOLDER}0123456789abcdef/{name}")
    os.utime(Path(store.url, FOLDER, "0123456789abcdef/report.html"), (0, 0))
    evaluation = summary(TARGET)["evaluation"]
    assert sweep(store, TARGET, evaluation) == []
    assert len(sweep(store, TARGET, evaluation, now=datetime.now(UTC) + LATER)) == 2


def test_a_sweep_never_takes_what_is_in_force(store: Store) -> None:
    """Even where the caller's evaluation has been replaced since."""
    publish_now(store, "old")
    publish_now(store, "new")
    gone = sweep(store, TARGET, summary(TARGET, "old")["evaluation"], now=datetime.now(UTC) + LATER)
    assert gone == []
    assert artifacts_in_force(store) == contents("new")


def test_a_sweep_leaves_what_is_being_put_in_force_again(store: Store) -> None:
    """Another writer's artifacts are there anew, its summary is yet to come."""
    publish_now(store, "coming back")
    publish_now(store, "now")
    folder = Path(store.url, FOLDER, summary(TARGET, "coming back")["evaluation"][:16])
    for path in folder.iterdir():
        os.utime(path, (0, 0))

    def comes_back(number: int, name: str, args: Any) -> None:
        if number == 0:
            for path in folder.iterdir():
                os.utime(path)

    evaluation = summary(TARGET, "now")["evaluation"]
    assert sweep(Wrapped(store, after=comes_back), TARGET, evaluation) == []
    assert len(list(folder.iterdir())) == 2


def test_artifacts_that_come_back_into_force_are_new_again(store: Store, tmp_path: Path) -> None:
    """Their files' time is that of the publication: a sweep that runs at once leaves them."""
    publish_now(store, "a")
    publish_now(store, "b")
    folder = Path(store.url, FOLDER, summary(TARGET, "a")["evaluation"][:16])
    for path in folder.iterdir():
        os.utime(path, (0, 0))
    publish_now(store, "a")
    assert all(path.stat().st_mtime > 0 for path in folder.iterdir())
    assert artifacts_in_force(store) == contents("a")


def test_names_without_an_ending_get_keys_too(store: Store) -> None:
    """The key by content does not depend on an ending."""
    for data in (b"one", b"two"):
        found = stored(store, TARGET)
        published = publish(
            store, TARGET, summary(TARGET), {"NOTES": File(data, "text/plain")}, found.etag if found else None
        )
        assert store.read(FOLDER + published.document["artifacts"]["NOTES"]["key"]).data == data


def test_sweeps_beside_a_summary_that_names_its_artifacts_wrongly(store: Store) -> None:
    """It names nothing that could be kept, and must not keep the evaluation from being made again."""
    publish_now(store)
    damaged = {"artifacts": {"report.html": {"key": 1, "size": 1, "sha256": "x"}}}
    store.write(f"{FOLDER}summary.json", json.dumps(damaged).encode(), content_type="application/json")

    deleted = sweep(store, TARGET, "f" * 64, now=datetime.now(UTC) + LATER)

    assert len(deleted) == len(files())
    with pytest.raises(Damaged):
        mend(store, TARGET, stored(store, TARGET))
