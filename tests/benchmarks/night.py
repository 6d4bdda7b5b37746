"""What a night costs: one that finds everything up to date, and one in which everything is due.

``./run bench-night`` makes both stores, on a local S3 server and in a folder, runs ``assay nightly`` on each
as its users do, and prints the wall time, the CPU time (that of the processes it starts included) and the
requests it makes, counted by a proxy in a run of its own.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests import servers
from tests.benchmarks import stores
from tests.proxy import Proxy

ASSAY = Path(sys.executable).with_name("assay")
_SET_CHILD_SUBREAPER = 36  # of Linux's prctl
STATUSES = (0, 1)
"""What a night may end with here: a gate may fail."""


@dataclass(frozen=True)
class Cost:
    """What one night took."""

    wall: float
    cpu: float
    record: dict[str, object]


def night(url: str, *options: str) -> Cost:
    """Run a night on a store; its cost and its record."""
    command = [str(ASSAY), "nightly", "--versions", "all", "--runner", "inline", "--json", "--quiet"]
    cpu = _cpu_of_children()
    wall = time.perf_counter()
    outcome = subprocess.run(
        [*command, "--store", url, *options], capture_output=True, text=True, check=False
    )
    if outcome.returncode not in STATUSES:
        raise SystemExit(f"the night ended with {outcome.returncode}:\n{outcome.stdout}{outcome.stderr}")
    wall = time.perf_counter() - wall
    return Cost(wall, _cpu_of_children() - cpu, json.loads(outcome.stdout))


def _adopt_orphans() -> None:
    """Have the processes that a night leaves to the system as it ends left to us, who count their time."""
    ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _cpu_of_children() -> float:
    until = time.monotonic() + 1
    while time.monotonic() < until:
        with suppress(ChildProcessError):
            os.waitpid(-1, os.WNOHANG)
        time.sleep(0.02)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@contextmanager
def place(kind: str) -> Iterator[str]:
    """The URL of an empty store, on a local S3 server or in a folder, that lasts as long as the block."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if kind == "folder":
            (folder / "store").mkdir()
            yield str(folder / "store")
            return
        with servers.weed(folder) as url:
            _name_server(url)
            import boto3

            boto3.client("s3").create_bucket(Bucket="bench")
            yield "s3://bench/night"


def _name_server(url: str) -> None:
    os.environ.update(
        AWS_ENDPOINT_URL_S3=url,
        AWS_ACCESS_KEY_ID=servers.KEY,
        AWS_SECRET_ACCESS_KEY=servers.SECRET,
        AWS_REGION="us-east-1",
        AWS_EC2_METADATA_DISABLED="true",
    )


def requests_of(url: str) -> Counter[str]:
    """How often a night asks a store on S3 for what."""
    server = os.environ["AWS_ENDPOINT_URL_S3"]
    with Proxy(server) as proxy:
        _name_server(proxy.url)
        try:
            night(url)
        finally:
            _name_server(server)
    return Counter(request.operation for request in proxy.requests)


def show(name: str, cost: Cost) -> None:
    """What one night cost."""
    evaluations = cost.record["evaluations"]
    each = cost.cpu / max(len(evaluations), 1)
    print(f"{name:28} {cost.record['counts']}")  # noqa: T201
    print(f"  wall {cost.wall:7.2f} s   CPU {cost.cpu:7.2f} s, {each * 1000:.1f} ms a version")  # noqa: T201


def show_requests(url: str, versions: int) -> None:
    """What one night asks of a store on S3."""
    if url.startswith("s3://"):
        counts = requests_of(url)
        told = ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))
        print(f"  {counts.total() / versions:.1f} requests a version: {told}")  # noqa: T201


def main() -> None:
    """Run the nights that are asked for."""
    parser = argparse.ArgumentParser(prog="./run bench-night", description=__doc__.split("\n")[0])
    parser.add_argument("--kinds", nargs="*", default=["s3", "folder"], choices=["s3", "folder"])
    parser.add_argument("--up-to-date", type=int, default=1000, help="versions that are up to date")
    parser.add_argument("--due", type=int, default=200, help="versions that are due")
    parser.add_argument("--rows", type=int, default=10_000, help="rows of a version")
    parser.add_argument("--versions", type=int, default=10, help="versions a model")
    given = parser.parse_args()
    _adopt_orphans()
    pdf = stores.pdf_seconds(given.rows)
    print(f"of which the PDF, rendered alone: {pdf * 1000:.0f} ms CPU a version")  # noqa: T201
    for kind in given.kinds:
        if given.up_to_date:
            with place(kind) as url:
                stores.put_up_to_date(url, given.up_to_date, given.versions)
                show(f"{kind}, all up to date", night(url))
                show_requests(url, given.up_to_date)
        if given.due:
            with place(kind) as url:
                stores.put_due(url, given.due, given.versions, given.rows)
                cost = night(url)
                show(f"{kind}, all due", cost)
                rest = cost.cpu / given.due - pdf
                print(f"  {rest * 1000:.0f} ms a version without the PDF")  # noqa: T201
            with place(kind) as url:
                stores.put_due(url, 2 * given.versions, given.versions, given.rows)
                show_requests(url, 2 * given.versions)


if __name__ == "__main__":
    main()
