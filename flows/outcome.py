"""An evaluation that is asked for, and what became of it: small values that cross process borders."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from evalcore.errors import AssayError
from flows.engine import LOCAL
from infra.layout import Target


@dataclass(frozen=True)
class Request:
    """An evaluation that is asked for; ``version_id`` None means the promoted one.

    With ``threshold`` or ``baseline`` (a version to compare with, or ``none``) it is a what-if, which changes
    nothing in the store. ``output`` is a folder that gets the artifacts too. ``engine`` and ``workers`` are
    as in ``flows.engine``; no figure depends on them.
    """

    store: str
    model_id: str
    version_id: str | None = None
    dataset_split: str = "test"
    checkpoint: str | None = None
    threshold: float | None = None
    baseline: str | None = None
    force: bool = False
    output: str | None = None
    run_id: str | None = None
    engine: str = LOCAL
    workers: int | None = None

    @property
    def what_if(self) -> bool:
        """Whether it supposes what the settings do not say."""
        return self.threshold is not None or self.baseline is not None

    def names(self) -> dict[str, str | None]:
        """What the evaluation is known by in logs and events."""
        return {
            "run": self.run_id,
            "model_id": self.model_id,
            "version_id": self.version_id,
            "dataset_split": self.dataset_split,
            "checkpoint": self.checkpoint,
        }


@dataclass(frozen=True)
class Outcome:
    """What became of an evaluation.

    ``target`` is None where the version that was meant could not be found out. ``change`` and ``promoted``
    are what the index is to learn; ``document`` is a what-if's summary, which is stored nowhere.
    ``failed_gate`` is the first that failed, with the reason. ``recovered`` says that the last attempt had
    failed, or a gate, and that neither is so any more.
    """

    request: Request
    target: Target | None
    status: Literal["published", "up_to_date", "what_if", "failed"]
    verdict: str | None = None
    error: AssayError | None = None
    change: Mapping[str, Any] | None = None
    promoted: Mapping[str, str | None] = field(default_factory=dict)
    document: Mapping[str, Any] | None = field(default=None, repr=False)
    failed_gate: Mapping[str, Any] | None = None
    recovered: bool = False
    seconds: float = 0.0
