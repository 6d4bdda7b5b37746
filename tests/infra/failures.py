"""How stores fail in tests: calls that fail, how long one waits, and what an error must not tell."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest

from evalcore.errors import AssayError
from infra.retry import Patience

QUICK = Patience(connect=0.5, read=0.5, total=2, pause=0.001)
STEADY = Patience(connect=5, read=5, total=30, attempts=5, pause=0.001)
LISTING = b"<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>"


def failure_of(use: Callable[[], object]) -> AssayError:
    """The error of a call; neither it nor its cause's words in it tell a secret."""
    with pytest.raises(AssayError) as caught:
        use()
    assert "hunter2" not in str(caught.value.document())
    assert caught.value.remedy
    return caught.value


def failing(error: int) -> Callable[..., Any]:
    """Something to call that fails as the operating system does."""

    def fail(*_: Any, **__: Any) -> Any:
        raise OSError(error, os.strerror(error))

    return fail
