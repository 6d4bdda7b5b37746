"""Nights that are killed at random moments, again and again; whatever was killed when, a reader sees a whole.

``./run soak --kills 200`` gives a store other predictions, starts ``assay nightly`` as its users do, kills a
process of it (or all) with SIGKILL after a random time, and reads what is in force: by the digests in
``summary.json`` each evaluation must be whole, the old one or the new. Every few kills a night is left to end,
and then nothing may be left undone. Half of the kills are on a folder, half on a local S3 server.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from infra import layout
from infra.layout import LEASE, Target
from infra.storage import Store, open_store
from tests.benchmarks.night import ASSAY, place
from tests.benchmarks.stores import predictions
from tests.flows.whole import digest_in_force, settled
from tests.infra.doubles import put, put_model

TARGETS = [Target(f"model-{number}", "v1") for number in range(2)]
VICTIMS = ("all", "main", "child", "grandchild")
LEFT_TO_END = 10
"""After so many kills a night is left to end."""


class Soak:
    """One store, and what was seen of it."""

    def __init__(self, url: str, seed: int) -> None:
        self.url = url
        self.store: Store = open_store(url)
        self.random = random.Random(seed)
        self.seen: Counter[str] = Counter()
        self.turn = 0

    def begin(self) -> None:
        """The models, and both states of the evaluations, for what is to be recognised later."""
        for target in TARGETS:
            put_model(
                self.store,
                target.model_id,
                task_type="classification",
                promoted_version="v1",
                labels=["stays", "leaves"],
                positive_label="leaves",
            )
            put(self.store, layout.version_key(target.model_id, "v1"), {"version_id": "v1"})
        self.known: list[dict[Target, str | None]] = []
        for _ in range(2):
            self.change_inputs()
            started = time.monotonic()
            self.whole_night()
            self.seconds = time.monotonic() - started
            self.known.append({target: settled(self.store, target) for target in TARGETS})

    def change_inputs(self) -> None:
        """Give every version the other predictions."""
        self.turn += 1
        for target in TARGETS:
            file = predictions(200, self.turn % 2)
            put(self.store, f"{layout.predictions_prefix(target)}part-0.parquet", file)

    def whole_night(self) -> None:
        """A night that is left to end."""
        self.free_lease()
        status = self.start().wait()
        assert status == 0, f"a night that nobody killed ended with {status}"

    def start(self) -> subprocess.Popen[bytes]:
        """A night under way."""
        command = [str(ASSAY), "nightly", "--runner", "inline", "--quiet", "--store", self.url]
        return subprocess.Popen(command, stdout=subprocess.DEVNULL)

    def free_lease(self) -> None:
        """What two minutes do, which the soak has no time for."""
        put(self.store, LEASE, {"run": "killed", "expires_at": "2026-01-01T00:00:00Z"})

    def kill_one(self) -> bool:
        """One night with one kill, and a look at what is in force; whether there was still one to kill."""
        self.change_inputs()
        self.free_lease()
        night = self.start()
        time.sleep(self.random.uniform(0, self.seconds))
        victim = self.random.choice(VICTIMS)
        killed = kill(night.pid, victim, self.random)
        status = night.wait()
        assert status in (0, 7, -signal.SIGKILL), f"a night ended with {status} after {victim} was killed"
        self.seen[f"killed: {victim}" if killed else "ended before it could be killed"] += 1
        self.look()
        return killed

    def look(self) -> None:
        """Every evaluation is whole, and one of the two that there can be."""
        for target in TARGETS:
            digest = digest_in_force(self.store, target)
            states = [known[target] for known in self.known]
            assert digest in states, f"{target} is {digest}, which it never was"
            self.seen["found: new" if digest == states[(self.turn + 1) % 2] else "found: old"] += 1

    def end(self) -> None:
        """A whole night makes good whatever the killed ones left undone."""
        self.whole_night()
        for target in TARGETS:
            assert settled(self.store, target) == self.known[(self.turn + 1) % 2][target]
        self.seen["left to end, nothing undone"] += 1


def kill(pid: int, victim: str, chance: random.Random) -> bool:
    """Kill a night's main process, one it started, one that was started by that, or all; whether one was there."""
    children = children_of(pid)
    below = [grandchild for child in children for grandchild in children_of(child)]
    found = {"all": [pid, *children, *below], "main": [pid], "child": children, "grandchild": below}[victim]
    if victim in ("child", "grandchild"):
        found = [chance.choice(found)] if found else []
    done = False
    for each in found:
        try:
            os.kill(each, signal.SIGKILL)
            done = True
        except ProcessLookupError:
            continue
    return done


def children_of(pid: int) -> list[int]:
    """The processes that a process has started, by any of its threads."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += [int(child) for child in task.read_text().split()]
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def main() -> None:
    """Kill as often as is asked for."""
    parser = argparse.ArgumentParser(prog="./run soak", description=__doc__.split("\n")[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--kinds", nargs="*", default=["folder", "s3"], choices=["folder", "s3"])
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    started = time.monotonic()
    for kind in given.kinds:
        with place(kind) as url:
            soak = Soak(url, given.seed)
            soak.begin()
            print(f"{kind}: a night takes {soak.seconds:.1f} s", flush=True)  # noqa: T201
            kills = given.kills // len(given.kinds)
            number = 0
            while number < kills:
                if not soak.kill_one():
                    continue
                number += 1
                if number % LEFT_TO_END == 0 or number == kills:
                    soak.end()
                    print(f"{kind}: {number} of {kills} kills", file=sys.stderr, flush=True)  # noqa: T201
            for what, count in sorted(soak.seen.items()):
                print(f"  {count:5} {what}", flush=True)  # noqa: T201
    print(f"every evaluation was whole every time; {time.monotonic() - started:.0f} s")  # noqa: T201


if __name__ == "__main__":
    main()
