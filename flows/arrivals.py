"""Versions that come into a bucket, as a queue of S3's notifications tells of them: each starts a run.

A message stays in the queue until its runs have been accepted, so that none is lost; one that comes twice
starts nothing twice, since its run is asked for under the same name. Messages that start nothing are removed
and logged, or they would come for ever.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from random import uniform

from evalcore.errors import AssayError, InvalidParameter
from flows.progress import about, tell, warn
from infra.notifications import Arrival, read_notification
from infra.queue import Message, Queue
from infra.s3 import S3Store
from infra.storage import Store

Start = Callable[[Arrival], None]
"""Asks for a run, and returns once it has been accepted."""

HELD_SECONDS = 120
"""How long a message is kept from others while its run is asked for, again and again."""

_LONGEST_PAUSE = 30.0


def check_queue(url: str, store: Store) -> None:
    """Raise what keeps a queue from being read for a store: InvalidParameter where that is no bucket."""
    if not isinstance(store, S3Store):
        raise InvalidParameter(
            f"{store.url} is no bucket, and a queue tells of buckets alone",
            "give --store s3://…, or leave --sqs-queue-url out",
        )
    Queue(url).check()


class Arrivals:
    """The messages of a queue to a store in a bucket."""

    def __init__(self, queue: Queue, store: S3Store, start: Start, stop: threading.Event) -> None:
        self._queue, self._store, self._start, self._stop = queue, store, start, stop

    def run(self) -> None:
        """Take messages until it is to stop; a queue that does not answer is asked again later."""
        failures = 0
        while not self._stop.is_set():
            try:
                messages = self._queue.receive()
            except AssayError as error:
                failures += 1
                self._pause(failures, f"the queue cannot be read: error[{error.code}]: {error}")
                continue
            if failures:
                tell(f"the queue {self._queue.url} answers again")
            failures = 0
            for message in messages:
                self._take(message)

    def _take(self, message: Message) -> None:
        told = read_notification(message.body, self._store.bucket, self._store.prefix)
        if told.is_test:
            tell(f"S3 has tested the queue {self._queue.url}")
        for other in told.others:
            warn(f"removed message {message.id} from the queue: {other}")
        if all(self._accepted(message, arrival) for arrival in told.arrivals):
            self._try(lambda: self._queue.delete(message), f"message {message.id} cannot be removed")
        else:
            self._try(lambda: self._queue.hold(message, 0), f"message {message.id} cannot be given back")

    def _accepted(self, message: Message, arrival: Arrival) -> bool:
        """Ask for a run until it has been accepted; False where it is to stop before."""
        target = arrival.target
        failures = 0
        with about(
            model_id=target.model_id, version_id=target.version_id, dataset_split=target.dataset_split
        ):
            while not self._stop.is_set():
                try:
                    self._start(arrival)
                except AssayError as error:
                    failures += 1
                    hold = lambda: self._queue.hold(message, HELD_SECONDS)
                    self._try(hold, f"message {message.id} cannot be held")
                    self._pause(failures, f"{target} waits for its run: error[{error.code}]: {error}")
                else:
                    tell(f"{target} has come into the store")
                    return True
        return False

    def _pause(self, failures: int, why: str) -> None:
        """Wait, longer each time; the reason is told at first, and then now and again."""
        if failures == 1 or failures % 10 == 0:
            warn(why)
        self._stop.wait(min(_LONGEST_PAUSE, 2.0 ** min(failures - 1, 10)) * uniform(0.5, 1))

    def _try(self, call: Callable[[], None], otherwise: str) -> None:
        """What may fail without harm: the message will come again."""
        try:
            call()
        except AssayError as error:
            warn(f"{otherwise}: error[{error.code}]: {error}")
