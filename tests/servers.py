"""Servers that the tests start for themselves, on free loopback ports, and end by their own process."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

KEY, SECRET = "testkey", "testsecret"
_START_SECONDS = 60


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on now, low enough that ten thousand more is a port too."""
    ports: list[int] = []
    with contextlib.ExitStack() as held:
        candidate = 20_000 + os.getpid() * 37 % 20_000
        while len(ports) < count:
            candidate = 20_000 + (candidate - 19_999) % 30_000
            probe = held.enter_context(socket.socket())
            with contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", candidate))
                ports.append(candidate)
    return ports


@contextmanager
def weed(folder: Path) -> Iterator[str]:
    """A real S3 server that knows one key and keeps its objects in the folder; its URL."""
    names = ("s3.port", "s3.port.grpc", "master.port", "master.port.grpc", "filer.port", "filer.port.grpc")
    names += ("volume.port", "volume.port.grpc", "admin.port", "admin.port.grpc")
    ports = dict(zip(names, free_ports(len(names)), strict=True))
    command = [str(Path(sys.executable).parent / "weed"), "mini", f"-dir={folder}"]
    command += ["-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-admin.ui=false", "-webdav=false"]
    command += ["-master.telemetry=false", "-s3.port.iceberg=0", "-s3.port.lance=0"]
    command += [f"-{name}={port}" for name, port in ports.items()]
    environment = {**os.environ, "AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET}
    url = f"http://127.0.0.1:{ports['s3.port']}"
    log = folder / "weed.log"
    with log.open("wb") as output:
        server = subprocess.Popen(command, cwd=folder, env=environment, stdout=output, stderr=output)
    try:
        _wait_for(f"{url}/healthz", server, log)
        yield url
    finally:
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _wait_for(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until and server.poll() is None:
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310
            if answer.status == 200:
                return
        time.sleep(0.1)
    raise RuntimeError(f"the S3 server did not start: {log.read_text(errors='replace')[-2000:]}")
