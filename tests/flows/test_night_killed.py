"""A night that is killed, before and after every single call to the store: old or new, and the next goes on."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from flows.night import new_run, run_inline
from flows.plan import Order
from infra import layout
from infra.layout import LEASE, Target
from infra.storage import Store, open_store
from tests.flows.whole import digest_in_force, settled
from tests.infra.doubles import Killed, Wrapped, put, put_model

TARGET = Target("m", "v1")
MOST_CALLS = 60


def put_predictions(store: Store, rows: int) -> None:
    """Other predictions than before, so that the night has something to do."""
    file = io.BytesIO()
    labels = [["cat", "dog"][row % 2] for row in range(rows)]
    pq.write_table(pa.table({"y_true": labels, "y_pred": labels[::-1]}), file)
    put(store, f"{layout.predictions_prefix(TARGET)}part-0.parquet", file.getvalue())


class Death:
    """What ends the process at one call, before it is made or after; from then on no call is made."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.dead = False

    def before(self, at: int, *_: Any) -> None:
        """Die before the call of that number."""
        if self.dead or at >= self.number:
            self.dead = True
            raise Killed

    def refuse(self, *_: Any) -> None:
        """Who is dead asks nothing."""
        if self.dead:
            raise Killed

    def after(self, at: int, *_: Any) -> None:
        """Die after the call of that number."""
        if at >= self.number:
            self.dead = True
            raise Killed


def night(url: str, store: Any, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A night with all that it asks of the store going through ``store``."""
    with monkeypatch.context() as patched:
        for module in ("plan", "keeper", "steps"):
            patched.setattr(f"flows.{module}.open_store", lambda _: store)
        return run_inline(Order(url, new_run(), workers=1))


@pytest.mark.parametrize("kind", ["folder", "weed"])
@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # the dead close no file
@pytest.mark.usefixtures("quick_reports")
def test_whatever_is_killed_when(
    kind: str, moment: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The evaluation is the old one or the new, whole; the next night leaves nothing undone."""
    url = request.getfixturevalue(f"{kind}_store")
    store = open_store(url)
    put_model(store, task_type="classification", promoted_version="v1", labels=["cat", "dog"])
    put(store, layout.version_key("m", "v1"), {"version_id": "v1"})
    put_predictions(store, 10)
    night(url, store, monkeypatch)
    old = settled(store, TARGET)
    for number in range(MOST_CALLS):
        put_predictions(store, 12 + 2 * number)
        death = Death(number)
        hooks = (
            {"before": death.before} if moment == "before" else {"before": death.refuse, "after": death.after}
        )
        dying = Wrapped(store, **hooks)
        survived = False
        try:
            night(url, dying, monkeypatch)
            survived = True
        except Killed:
            in_between = digest_in_force(store, TARGET)
            free_lease(store)
        record = night(url, store, monkeypatch)
        new = settled(store, TARGET)
        assert new != old
        assert set(record["counts"]) <= {"published", "up_to_date"}
        if survived:
            assert record["counts"] == {"up_to_date": 1}
            return
        assert in_between in (old, new)
        old = new
    pytest.fail("the enumeration must reach beyond the last call")


def free_lease(store: Store) -> None:
    """What two minutes do."""
    found = store.read(LEASE)
    if found is not None:
        lease = json.loads(found.data) | {"expires_at": "2026-01-01T00:00:00Z"}
        put(store, LEASE, lease)


def test_a_folder_keeps_no_halves(tmp_path: Path) -> None:
    """What a killed write leaves beside its place is no object."""
    store = open_store(tmp_path)
    (tmp_path / ".assay-0123456789abcdef.tmp").write_bytes(b"half")

    assert store.list("") == []
