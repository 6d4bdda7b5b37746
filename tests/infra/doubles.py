"""What tests of the store's tenants share: models to put there, files to publish, stores that misbehave."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from infra import layout
from infra.layout import Target
from infra.storage import Store


@dataclass(frozen=True)
class File:
    """A rendered artifact."""

    data: bytes
    content_type: str


def put(store: Store, key: str, content: bytes | str | dict[str, Any] = b"rows") -> str:
    """Write an object, a dictionary as JSON; its ETag."""
    text = json.dumps(content) if isinstance(content, dict) else content
    return store.write(key, text.encode() if isinstance(text, str) else text, content_type="text/plain")


def put_model(store: Store, model_id: str = "m", **settings: Any) -> None:
    """Write a ``model.json``."""
    put(store, layout.model_key(model_id), {"model_id": model_id, "name": "Model", **settings})


def put_version(store: Store, version_id: str, *splits: str, model_id: str = "m", **settings: Any) -> None:
    """Write a version with one file of predictions for each of ``splits`` ("test", "test/checkpoint=7")."""
    prefix = layout.version_prefix(model_id, version_id)
    for split in splits:
        put(store, f"{prefix}predictions/{split}/part-0.parquet", f"{version_id} {split}")
    put(store, f"{prefix}version.json", {"version_id": version_id, **settings})


def summary(target: Target, content: str = "a", **more: Any) -> dict[str, Any]:
    """A summary to publish, whose digest is that of ``content``."""
    return {
        "model_id": target.model_id,
        "model_name": "Model",
        "version_id": target.version_id,
        "created_at": "2026-11-20T02:00:00Z",
        "evaluation": hashlib.sha256(content.encode()).hexdigest(),
        "dataset_split": target.dataset_split,
        "checkpoint": target.checkpoint,
        "verdict": "pass",
        "provenance": {"run_id": content},
        **more,
    }


def files(content: str = "a") -> dict[str, File]:
    """Two artifacts that say ``content``."""
    return {
        "report.html": File(f"<p>{content}".encode(), "text/html; charset=utf-8"),
        "confusion_matrix.json": File(f'"{content}"'.encode(), "application/json"),
    }


class Killed(BaseException):
    """The process ends here."""


class Wrapped:
    """A store that tells ``before`` and ``after`` each call: its number, its name and its arguments."""

    def __init__(self, store: Store, before: Callable[..., None] | None = None, after: Any = None) -> None:
        self.inner, self.before, self.after = store, before, after
        self.url = store.url
        self.calls: list[tuple[str, Any]] = []

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*args: Any, **options: Any) -> Any:
            number = len(self.calls)
            self.calls.append((name, args[0] if args else None))
            if self.before:
                self.before(number, name, args)
            result = getattr(self.inner, name)(*args, **options)
            if self.after:
                self.after(number, name, args)
            return result

        return call

    def named(self, *names: str) -> list[tuple[str, Any]]:
        """The calls of these names so far."""
        return [call for call in self.calls if call[0] in names]


def dies_at(number: int) -> Callable[..., None]:
    """A ``before`` or ``after`` that ends the process at one call."""

    def die(at: int, *_: Any) -> None:
        if at == number:
            raise Killed

    return die
