"""``confusion_matrix.json``: the matrix with precision, recall and F1 of each label, in full precision."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from templates.formats import Format


def render(summary: Mapping[str, Any]) -> bytes:
    """The document as UTF-8 JSON."""
    from evalcore.summary import confusion_document, dump

    return dump(confusion_document(summary))


FORMAT = Format(name="confusion_matrix.json", content_type="application/json", render=render)
