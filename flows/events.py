"""Events on Prefect's API, sent with one request and without importing Prefect, which takes seconds.

What starts runs and what people are told of are both events; their names and payloads are promises.
"""

from __future__ import annotations

import base64
import http.client
import json
import ssl
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

from evalcore.errors import AssayError, EngineUnavailable, Forbidden, InvalidParameter, Unauthorized
from flows.prefect_api import api_url, setting
from infra.layout import Target
from infra.storage import without_secrets

TRAINED = "assay.model-version.trained"
PUBLISHED = "assay.evaluation.published"
FAILED = "assay.evaluation.failed"
RECOVERED = "assay.evaluation.recovered"

PATIENCE = 5.0
"""Seconds that the API may keep us waiting."""

_CREDENTIALS = "check PREFECT_API_KEY or PREFECT_API_AUTH_STRING"


@dataclass(frozen=True)
class Event:
    """Something that happened to ``resource``, whose labels automations can be limited to."""

    name: str
    resource: Mapping[str, str]
    payload: Mapping[str, Any]
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    occurred: str = field(default_factory=lambda: datetime.now(UTC).isoformat())

    def document(self) -> dict[str, Any]:
        """The event as the API takes it."""
        return {
            "event": self.name,
            "resource": dict(self.resource),
            "related": [],
            "payload": dict(self.payload),
            "id": self.id,
            "occurred": self.occurred,
        }


def trained(target: Target) -> Event:
    """A version has been trained and its predictions lie in the store: it is to be evaluated."""
    names = {"model_id": target.model_id, "version_id": target.version_id}
    resource = {
        "prefect.resource.id": f"assay.model-version.{target.model_id}.{target.version_id}",
        "prefect.resource.name": f"{target.model_id} {target.version_id}",
        **{f"assay.{name}": value for name, value in names.items()},
    }
    return Event(TRAINED, resource, {**names, "dataset_split": target.dataset_split})


def send(events: Iterable[Event], patience: float = PATIENCE) -> None:
    """Send events to the API that is named, all with one request.

    Raises EngineUnavailable where none is named or it does not take them, Unauthorized, Forbidden, and
    InvalidParameter for an address that is none.
    """
    url = api_url()
    if url is None:
        remedy = "set PREFECT_API_URL to the one that `assay serve` names"
        raise EngineUnavailable("no Prefect API is named", remedy)
    shown = f"Prefect's API at {without_secrets(url)}"
    body = json.dumps([event.document() for event in events], allow_nan=False).encode()
    try:
        request = _request(url, body)
        with urllib.request.urlopen(request, timeout=patience, context=_trust(url)):  # noqa: S310 (checked)
            return
    except urllib.error.HTTPError as answer:
        answer.close()
        raise refusal(answer.code, shown) from None
    except (OSError, http.client.HTTPException, ValueError) as failure:
        # What the failure itself says may repeat the address with its password.
        raise _no_answer(shown, failure) from None


def _request(url: str, body: bytes) -> urllib.request.Request:
    parts = _parts(url)
    bare = parts._replace(netloc=parts.netloc.rpartition("@")[2], path=f"{parts.path.rstrip('/')}/events")
    headers = {"Content-Type": "application/json", **_authorization(parts.username, parts.password)}
    return urllib.request.Request(urlunsplit(bare), body, headers, method="POST")  # noqa: S310 (checked)


def _parts(url: str) -> SplitResult:
    with suppress(ValueError):
        parts = urlsplit(url)
        _ = parts.port  # which is read, and refused, only when it is asked for
        if parts.scheme in ("http", "https") and parts.hostname:
            return parts
    raise InvalidParameter(
        f"PREFECT_API_URL is not an address: {without_secrets(url)}", "make it http(s)://host[:port]/api"
    )


def _authorization(user: str | None, password: str | None) -> dict[str, str]:
    """Prefect's own settings, in the order in which its client takes them, else what the address has."""
    pair, key = setting("PREFECT_API_AUTH_STRING"), setting("PREFECT_API_KEY")
    if pair is None and key is not None:
        return {"Authorization": f"Bearer {key}"}
    if pair is None and user is not None:
        pair = f"{unquote(user)}:{unquote(password or '')}"
    return {} if pair is None else {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


def _trust(url: str) -> ssl.SSLContext | None:
    if not url.startswith("https:"):
        return None
    return ssl.create_default_context(cafile=setting("PREFECT_API_SSL_CERT_FILE"))


def refusal(status: int, shown: str) -> AssayError:
    """The error for what the API at ``shown`` answered instead of doing what it was asked."""
    if status == 401:
        return Unauthorized(f"{shown} does not accept the credentials", _CREDENTIALS)
    if status == 403:
        return Forbidden(f"{shown} does not allow these credentials to do that", _CREDENTIALS)
    if status in (404, 405):
        return EngineUnavailable(
            f"{shown} takes no events", "end PREFECT_API_URL in /api, as Prefect prints it"
        )
    return EngineUnavailable(f"{shown} answered with status {status}", "look at its log, or try again later")


def _no_answer(shown: str, failure: Exception) -> EngineUnavailable:
    reason = getattr(failure, "reason", failure)
    why = "no answer in time" if isinstance(reason, TimeoutError) else type(reason).__name__
    return EngineUnavailable(f"{shown} does not answer ({why})", "start it, or correct PREFECT_API_URL")
