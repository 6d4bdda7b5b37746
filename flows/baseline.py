"""The version to compare with, measured from its own predictions by its own settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from evalcore.errors import InputError
from evalcore.evaluate import evaluate_states
from evalcore.evaluation import Baseline
from evalcore.paths import Path
from evalcore.settings import Settings, resolve_settings
from evalcore.summary import Input
from flows.engine import HERE, Engine
from flows.rows import open_rows
from flows.store_files import stored
from infra.inputs import Inputs
from infra.storage import Store

Measurement = tuple[Baseline | None, list[Input]]


def measure_baseline(store: Store, inputs: Inputs, settings: Settings, engine: Engine = HERE) -> Measurement:
    """The baseline of an evaluation, and the files read for it; None where there is no version to compare.

    A baseline that is of another task, has no predictions for the split or breaks a rule has a reason and no
    figures. Raises what the store raises, for that says nothing of the baseline.
    """
    version = inputs.baseline_version
    if version is None:
        return None, []
    try:
        return _measured(store, inputs, settings, version, engine)
    except InputError as error:
        return Baseline(version, None, reason=f"it cannot be evaluated: {error.message}"), []


def _measured(store: Store, inputs: Inputs, settings: Settings, version: str, engine: Engine) -> Measurement:
    split = inputs.target.dataset_split
    if inputs.baseline_settings is None:
        return Baseline(version, None, reason="there is no such version, or its version.json is broken"), []
    theirs = _settings(inputs.model, inputs.baseline_settings, settings)
    if theirs.task_type != settings.task_type:
        return Baseline(version, None, reason=f"it is of another task, {theirs.task_type}"), []
    if not inputs.baseline:
        return Baseline(version, None, reason=f"it has no predictions for the split {split}"), []
    rows = open_rows(
        stored(store, inputs.baseline), stored(store, inputs.ground_truth), theirs, engine=engine
    )
    evaluation = evaluate_states(rows.states(), rows.settings, rows.reading)
    files = [replace(file, role="baseline") for file in rows.inputs() if file.role == "predictions"]
    return Baseline(version, evaluation.measured, evaluation.warnings), files


def _settings(model: Mapping[str, Any], version: Mapping[str, Any], settings: Settings) -> Settings:
    """Its own, without what only its own report needs, so that it lacks no column for nothing."""
    asked = {Path.parse(gate["metric"]).column for gate in settings.gates if gate.get("max_drop") is not None}
    own = resolve_settings(model, version)
    kept = tuple(column for column in own.slices if column in asked)
    return replace(own, slices=kept, examples=False, example_columns=(), gates=())
