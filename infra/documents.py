"""JSON objects in the store: read strictly, written so that no writer overwrites what it has not seen."""

from __future__ import annotations

import json
import math
from typing import Any

from evalcore.errors import InvalidSettings
from infra.storage import Store

JSON = "application/json"


def parse(data: bytes, key: str) -> dict[str, Any]:
    """The JSON object in ``data``; raises InvalidSettings naming ``key`` where it is none.

    Refused are also NaN and infinities, text that is not Unicode, and a name given twice: which of the
    two would count is not for Assay to guess.
    """
    try:
        text = data.decode("utf-8-sig")
        document = json.loads(
            text, object_pairs_hook=_unique, parse_constant=_refuse_constant, parse_float=_finite
        )
        json.dumps(document, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise InvalidSettings(
            f"{key} is not valid JSON: {_reason(error)}", "mend the file", key=key
        ) from error
    if not isinstance(document, dict):
        raise InvalidSettings(f"{key} is not a JSON object", "write it as {…}", key=key)
    return document


def dump(document: dict[str, Any]) -> bytes:
    """A document as strict JSON in UTF-8, its keys in their own order, as the summary is written."""
    from evalcore.summary import dump as dump_summary

    return dump_summary(document)


def plain(document: dict[str, Any]) -> dict[str, Any]:
    """The document with what JSON cannot say as text: an error's details may hold any value.

    A failure must not be lost because a file's name is not Unicode or a figure is NaN.
    """
    text = json.dumps(document, ensure_ascii=False, default=str).encode(errors="replace")
    result: dict[str, Any] = json.loads(text, parse_constant=str)
    return result


def replace(store: Store, key: str, data: bytes, etag: str | None) -> str:
    """Write a JSON document if the stored one is still that of ``etag`` (None: still absent).

    Returns the new ETag; raises WriteConflict where another writer was faster.
    """
    return store.write(key, data, content_type=JSON, if_match=etag, if_absent=etag is None)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{twice[:100]!r} stands there twice")
    return document


def _refuse_constant(text: str) -> float:
    raise ValueError(f"{text} is not a number of JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:40]} is too large a number")
    return number


def _reason(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} in line {error.lineno}, column {error.colno}"
    if isinstance(error, UnicodeError):
        return "its text is not UTF-8"
    return "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
