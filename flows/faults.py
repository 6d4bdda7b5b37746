"""What an error means for what comes next."""

from __future__ import annotations

from evalcore.errors import AssayError, InternalError, StorageUnavailable
from infra.storage import InputChanged, WriteConflict


def as_ours(error: Exception) -> AssayError:
    """The error itself where it is one of ours, else an InternalError that says how to report it."""
    if isinstance(error, AssayError):
        return error
    ours = InternalError(
        f"unexpected {type(error).__name__}: {str(error)[:300]}",
        "this is a bug: please report it with what the same command prints with --debug",
    )
    ours.__cause__ = error
    return ours


def store_is_gone(error: BaseException | None) -> bool:
    """Whether there is no store to write a note of the error to: it did not answer, or has no bucket.

    To try would double the time that people wait for the error, and some servers make the bucket.
    """
    if not isinstance(error, StorageUnavailable) or isinstance(error, (WriteConflict, InputChanged)):
        return False
    on_s3 = str(error.details.get("store", "")).startswith("s3://")
    return on_s3 and error.details.get("s3_code", "NoSuchBucket") == "NoSuchBucket"
