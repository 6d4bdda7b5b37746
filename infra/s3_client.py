"""The boto3 client that the stores of a process share; it is thread-safe and keeps connections open."""

from __future__ import annotations

import atexit
import os
import threading
from typing import Any
from urllib.parse import urlsplit

from infra import faults
from infra.retry import Patience

_CONNECTIONS = 32
_lock = threading.Lock()
_clients: dict[Any, Any] = {}


def shared(patience: Patience, url: str) -> Any:
    """The client for this process, these limits and the AWS settings in the environment now.

    Raises the error for a store's URL when the AWS configuration makes no client.
    """
    which = _which(patience)
    with _lock:
        if which not in _clients:
            _clients[which] = _make(patience, url)
        return _clients[which]


def endpoint(patience: Patience) -> str:
    """The host (and port) that the client talks to, never a user or password in its address."""
    client = _clients.get(_which(patience))
    if client is None:
        return "AWS"
    parts = urlsplit(client.meta.endpoint_url)
    return parts.netloc.rpartition("@")[2] or "AWS"


def forget(patience: Patience) -> None:
    """Has the next call make its client anew, with the credentials as they are then."""
    with _lock:
        client = _clients.pop(_which(patience), None)
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


def _which(patience: Patience) -> Any:
    # A child process must not use its parent's connections.
    settings = sorted((name, value) for name, value in os.environ.items() if name.startswith("AWS_"))
    return os.getpid(), patience, tuple(settings)


def _make(patience: Patience, url: str) -> Any:
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
        return boto3.session.Session().client("s3", config=config)
    except (BotoCoreError, ValueError) as failure:
        raise faults.bad_configuration(failure, url) from failure
