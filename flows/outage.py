"""Prefect's API, as long as it answers."""

from __future__ import annotations

import httpx

from flows.progress import tell, warn


class Outage:
    """Whether Prefect's API is away, told when it goes and when it comes back.

    ``meanwhile`` says what is done without it.
    """

    def __init__(self, meanwhile: str) -> None:
        self.lasts = False
        self._meanwhile = meanwhile

    def began(self, failure: Exception) -> None:
        """It did not answer."""
        known, self.lasts = self.lasts, True  # before it is told, since a signal may come in between
        if not known:
            warn(f"Prefect's API does not answer ({type(failure).__name__}); {self._meanwhile}")

    def ended(self) -> None:
        """It has answered."""
        if self.lasts:
            tell("Prefect's API answers again")
        self.lasts = False


def is_outage(failure: Exception) -> bool:
    """Whether a request's failure means that the API is away, and not that it refuses what it was asked."""
    if isinstance(failure, httpx.HTTPStatusError):
        return failure.response.status_code >= 500
    return isinstance(failure, httpx.TransportError)
