"""The boto3 clients that a process shares, of S3 and SQS; they are thread-safe and keep connections open."""

from __future__ import annotations

import atexit
import os
import threading
from typing import Any, Literal
from urllib.parse import urlsplit

from infra import faults
from infra.retry import Patience

Service = Literal["s3", "sqs"]

_CONNECTIONS = 32
_lock = threading.Lock()
_clients: dict[Any, Any] = {}


def shared(patience: Patience, url: str, service: Service = "s3", region: str | None = None) -> Any:
    """The client for this process, these limits and the AWS settings in the environment now.

    Raises the error for a store's (or queue's) URL when the AWS configuration makes no client.
    """
    which = _which(patience, service, region)
    with _lock:
        if which not in _clients:
            _clients[which] = _make(patience, url, service, region)
        return _clients[which]


def endpoint(patience: Patience, service: Service = "s3", region: str | None = None) -> str:
    """The host (and port) that the client talks to, never a user or password in its address."""
    client = _clients.get(_which(patience, service, region))
    if client is None:
        return "AWS"
    parts = urlsplit(client.meta.endpoint_url)
    return parts.netloc.rpartition("@")[2] or "AWS"


def forget(patience: Patience, service: Service = "s3", region: str | None = None) -> None:
    """Has the next call make its client anew, with the credentials as they are then."""
    with _lock:
        client = _clients.pop(_which(patience, service, region), None)
    if client is not None:
        client.close()


def close_all() -> None:
    """Closes every connection of this process; a later call opens new ones."""
    with _lock:
        for (process, *_), client in _clients.items():
            if process == os.getpid():
                client.close()
        _clients.clear()


atexit.register(close_all)


def _which(patience: Patience, service: Service, region: str | None) -> Any:
    # A child process must not use its parent's connections.
    settings = sorted((name, value) for name, value in os.environ.items() if name.startswith("AWS_"))
    return os.getpid(), service, region, patience, tuple(settings)


def _make(patience: Patience, url: str, service: Service, region: str | None) -> Any:
    import boto3.session
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError

    config = Config(
        connect_timeout=patience.connect,
        read_timeout=patience.read,
        retries={"mode": "standard", "total_max_attempts": 1},
        max_pool_connections=_CONNECTIONS,
    )
    try:
        return boto3.session.Session().client(service, region_name=region, config=config)
    except (BotoCoreError, ValueError) as failure:
        raise faults.bad_configuration(failure, url) from failure
