"""A process for tests: its jobs are to answer, to say something, to fail, to die or to take long."""

from __future__ import annotations

import os
import signal
import time
from typing import Any

from flows import processes


class Unsendable(Exception):
    """An error that cannot be sent."""

    def __reduce__(self) -> tuple[Any, ...]:
        raise TypeError("no")


def work(job: Any) -> Any:
    """Do what is asked."""
    match job:
        case "say":
            processes.say("half")
            processes.say("nearly all")
        case "print":
            print("not an answer")  # noqa: T201
        case "fail":
            raise KeyError("failed")
        case "fail oddly":
            raise Unsendable("odd")
        case "die":
            os.kill(os.getpid(), signal.SIGSEGV)
        case "exit":
            os._exit(3)
        case "sleep":
            time.sleep(600)
    return job, os.getpid()


if __name__ == "__main__":
    processes.serve(work)
