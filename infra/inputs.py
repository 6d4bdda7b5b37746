"""What one evaluation reads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from infra.layout import Target
from infra.storage import Entry

Entries = tuple[Entry, ...]
ROLES = ("predictions", "ground_truth", "validation", "validation_ground_truth", "baseline")


@dataclass(frozen=True)
class Inputs:
    """Everything one evaluation depends on; plain data, so that it can be sent to a worker.

    ``splits`` are the splits and checkpoints of the version that have predictions. ``validation`` and
    ``validation_ground_truth`` are empty where the target is itself the validation split.
    ``baseline_settings`` is the ``version.json`` of the version to compare with, None where there is none or
    it is broken.
    """

    target: Target
    model: dict[str, Any]
    version: dict[str, Any]
    predictions: Entries
    ground_truth: Entries
    validation: Entries
    validation_ground_truth: Entries
    baseline: Entries
    baseline_version: str | None
    baseline_settings: dict[str, Any] | None
    splits: tuple[tuple[str, str | None], ...]

    def entries(self) -> Iterator[tuple[str, Entry]]:
        """Each input with its role, in a fixed order."""
        for role in ROLES:
            for entry in getattr(self, role):
                yield role, entry
