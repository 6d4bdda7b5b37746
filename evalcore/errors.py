"""Everything that can go wrong, as one tree of values.

Every error has a ``code`` that programs rely on, a ``message`` that says what happened and where, a
``remedy`` that says what to do, and ``details`` for machines. The exit status of a command is the error's.

::

    AssayError
    ├── InvalidParameter          invalid_parameter       2
    ├── Unauthorized              unauthorized            3
    ├── Forbidden                 forbidden               3
    ├── NotFound                                          4
    │   ├── ModelNotFound         model_not_found
    │   ├── VersionNotFound       version_not_found
    │   ├── PredictionsNotFound   predictions_not_found
    │   └── EvaluationNotFound    evaluation_not_found
    ├── InputError                                        5
    │   ├── UnsupportedTask       unsupported_task
    │   ├── InvalidPredictions    invalid_predictions
    │   ├── InvalidSettings       invalid_settings
    │   └── UnreadableFile        unreadable_file
    ├── ServiceError                                      6
    │   ├── StorageUnavailable    storage_unavailable
    │   └── EngineUnavailable     engine_unavailable
    └── InternalError             internal_error         70
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar


class AssayError(Exception):
    """What went wrong, with the remedy; the root of the tree.

    ``message`` and ``remedy`` are single lines without secrets; ``details`` is a JSON object.
    """

    code: ClassVar[str] = "internal_error"
    exit_status: ClassVar[int] = 70

    def __init__(self, message: str, remedy: str, **details: Any) -> None:
        super().__init__(message, remedy)
        self.message = _one_line(message)
        self.remedy = _one_line(remedy)
        self.details: dict[str, Any] = details

    def __str__(self) -> str:
        return f"{self.message}; {self.remedy}" if self.remedy else self.message

    def document(self) -> dict[str, Any]:
        """The error as JSON: ``{"code", "message", "details"}``."""
        return {"code": self.code, "message": str(self), "details": self.details}

    def __reduce__(self) -> tuple[Any, ...]:
        # Errors cross process borders (workers, Prefect); the default would lose the details.
        return _restore, (type(self), self.message, self.remedy, self.details)


def _restore(kind: type[AssayError], message: str, remedy: str, details: Mapping[str, Any]) -> AssayError:
    return kind(message, remedy, **details)


LONGEST = 2000
"""Characters of a message; a longer one was made of something that is no message."""


def _one_line(text: str) -> str:
    line = " ".join(text[: 2 * LONGEST].split())
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"


class InvalidParameter(AssayError):
    """A command, a query or an id is not of the form it should have."""

    code = "invalid_parameter"
    exit_status = 2


class Unauthorized(AssayError):
    """Credentials are missing, or the store does not know them."""

    code = "unauthorized"
    exit_status = 3


class Forbidden(AssayError):
    """The credentials are known, but this is not allowed to them."""

    code = "forbidden"
    exit_status = 3


class NotFound(AssayError):
    """Something that was asked for by name is not there."""

    exit_status = 4


class ModelNotFound(NotFound):
    """The store has no such model."""

    code = "model_not_found"


class VersionNotFound(NotFound):
    """The model has no such version, or no promoted one."""

    code = "version_not_found"


class PredictionsNotFound(NotFound):
    """The version has no predictions for the split or checkpoint."""

    code = "predictions_not_found"


class EvaluationNotFound(NotFound):
    """Nothing has been evaluated and stored there yet."""

    code = "evaluation_not_found"


class InputError(AssayError):
    """An input is there but cannot be evaluated."""

    exit_status = 5


class UnsupportedTask(InputError):
    """The model's task has no such figure, or cannot be evaluated at all."""

    code = "unsupported_task"


class InvalidPredictions(InputError):
    """The predictions or the ground truth break a rule of their contract."""

    code = "invalid_predictions"


class InvalidSettings(InputError):
    """``model.json`` or ``version.json`` is broken or has a value of the wrong kind."""

    code = "invalid_settings"


class UnreadableFile(InputError):
    """A file is truncated or not of the format its name says."""

    code = "unreadable_file"


class ServiceError(AssayError):
    """Something outside does not serve: mend it, or try again later."""

    exit_status = 6


class StorageUnavailable(ServiceError):
    """The store cannot be reached, is not there, is full, or keeps changing under the reader."""

    code = "storage_unavailable"


class EngineUnavailable(ServiceError):
    """The engine that should run the work cannot be reached."""

    code = "engine_unavailable"


class InternalError(AssayError):
    """A bug of Assay's own."""

    code = "internal_error"
    exit_status = 70
