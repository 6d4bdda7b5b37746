"""Ids as texts, which is how they compare, and 64-bit hashes of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from evalcore.arrow import valid
from evalcore.errors import InvalidPredictions
from evalcore.labels import canonical
from infra.arrays import text_array

if TYPE_CHECKING:
    import pyarrow as pa

Hashes = npt.NDArray[np.uint64]
Positions = npt.NDArray[np.int64]

_CHUNK = 1 << 15
_MIX = np.uint64(0xBF58476D1CE4E5B9)
_LENGTH = np.uint64(0x9E3779B97F4A7C15)
_LAST = np.uint64(0x94D049BB133111EB)
_STEP, _FIRST, _ALL = 0x2545F4914F6CDD1E, 0xD6E8FEB86659FD93, (1 << 64) - 1
_MASKS = np.array([(1 << 8 * size) - 1 for size in range(9)], dtype=np.uint64)


def id_texts(column: pa.ChunkedArray, name: str, key: str) -> tuple[pa.StringArray, Positions]:
    """The ids that are not null, as labels' texts, and each one's place in the column.

    Raises InvalidPredictions for a column of a type that is no text, integer, float or boolean.
    """
    import pyarrow as pa

    texts = [_texts(chunk, name, key) for chunk in column.chunks]
    places, kept, start = [], [], 0
    for chunk in texts:
        places.append(np.flatnonzero(valid(chunk)) + start)
        kept.append(chunk.drop_null() if chunk.null_count else chunk)
        start += len(chunk)
    none = np.zeros(0, dtype=np.int64)
    return pa.concat_arrays(kept or [text_array([])]), np.concatenate(places or [none])


def _texts(chunk: pa.Array, name: str, key: str) -> pa.StringArray:
    import pyarrow as pa
    import pyarrow.types as types

    kind = chunk.type
    if types.is_dictionary(kind):
        return _texts(chunk.dictionary_decode(), name, key)
    if types.is_string(kind):
        return chunk
    plain = (types.is_large_string, types.is_string_view, types.is_integer, types.is_boolean, types.is_null)
    if any(test(kind) for test in plain):
        return chunk.cast(pa.string())
    if types.is_floating(kind):
        return text_array([canonical(value) for value in chunk.to_pylist()])
    raise InvalidPredictions(
        f"{key}: the column {name!r} holds {kind}, not ids", "store text or integers", file=key, column=name
    )


def hashes(texts: pa.StringArray) -> Hashes:
    """A hash of each text (none is null): equal texts have equal ones, others seldom.

    Eight bytes of all texts at a time, mixed as splitmix64 mixes words (multiply, shift, xor) and added up,
    with another odd factor at each place.
    """
    parts = [_hashes(texts.slice(start, _CHUNK)) for start in range(0, len(texts), _CHUNK)]
    return np.concatenate(parts) if parts else np.zeros(0, dtype=np.uint64)


def _hashes(texts: pa.StringArray) -> Hashes:
    offsets = np.frombuffer(texts.buffers()[1], np.int32, len(texts) + 1, texts.offset * 4).astype(np.int64)
    starts, lengths = offsets[:-1] - offsets[0], np.diff(offsets)
    words = _words(texts.buffers()[2], int(offsets[0]), int(offsets[-1]))
    mixed = lengths.astype(np.uint64) * _LENGTH
    for place in range(0, int(lengths.max(initial=0)), 8):
        rest = lengths - place
        found = words[np.minimum(starts + place, len(words) - 1)]
        if rest.min() < 8:
            found &= _MASKS[np.clip(rest, 0, 8)]
        # A word of zeros adds nothing, so that a text's hash does not depend on longer ones beside it.
        found *= _MIX
        found ^= found >> np.uint64(29)
        found *= np.uint64((place * _STEP + _FIRST) & _ALL)
        mixed += found ^ (found >> np.uint64(31))
    mixed ^= mixed >> np.uint64(30)
    mixed *= _LAST
    return np.asarray(mixed ^ (mixed >> np.uint64(32)))


def _words(data: Any, start: int, end: int) -> npt.NDArray[np.uint64]:
    """The eight bytes from each place on, as a number; behind the end there are zeros."""
    found = np.frombuffer(data, np.uint8, end - start, start) if end > start else np.zeros(0, np.uint8)
    padded = np.concatenate([found, np.zeros(8, dtype=np.uint8)])
    return np.ndarray((len(padded) - 7,), dtype="<u8", buffer=padded, strides=(1,))
