"""What may be printed on a terminal."""

from __future__ import annotations

import re

_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def safe(text: object) -> str:
    """Text without control characters, which could move the cursor or hide what follows."""
    return _CONTROLS.sub("\ufffd", str(text))
