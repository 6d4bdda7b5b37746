"""Figures from the scores of slices, from files to gates."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from sklearn.metrics import log_loss, roc_auc_score

from flows.engine import Engine
from tests.flows.test_measure import BINARY, document
from tests.infra.tablefiles import folder

GATES = [{"metric": "slices.region.roc_auc", "min": 0.5}, {"metric": "slices.region.log_loss", "max": 9}]


@pytest.mark.parametrize("ending", [".parquet", ".csv"])
def test_gates_hold_the_worst_slice_to_its_scores(ending: str) -> None:
    """Each region's figures are scikit-learn's, the worst one is the gate's, whatever the threads and cuts."""
    rng = np.random.default_rng(5)
    actual, scores, region = rng.random(900) < 0.4, rng.random(900).round(3), rng.choice(["n", "s"], 900)
    table = pa.table({"y_true": np.where(actual, "yes", "no"), "y_score": scores, "region": region})
    given = {**BINARY, "slices": ["region"], "gates": GATES}

    found = document(folder(table, ending, rows=100), given=given, engine=Engine(threads=1))

    auc, loss = (
        {name: measure(actual[region == name], scores[region == name]) for name in ("n", "s")}
        for measure in (roc_auc_score, log_loss)
    )
    columns = found["slices"]["columns"]["region"]
    assert {name: columns[name]["overall"]["roc_auc"] for name in auc} == pytest.approx(auc, rel=1e-12)
    assert [gate["value"] for gate in found["gates"]] == pytest.approx(
        [min(auc.values()), max(loss.values())]
    )
    assert columns["n"]["per_class_metrics"]["yes"]["average_precision_interval"]
    again = document(folder(table, ending, rows=100), given=given, engine=Engine(threads=2))
    assert again["slices"] == found["slices"]
