"""The schedule is a generator that yields the task to step next, and run is a for loop over it."""

import selectors
from collections import deque
from collections.abc import Callable, Coroutine, Generator, Iterator
from dataclasses import dataclass, field
from heapq import heappop, heappush
from operator import methodcaller
from typing import Any


@dataclass(eq=False)
class Job:
    coro: Coroutine[Any, Any, Any]
    loop: "MiniLoop"
    state: str = "running"
    result: Any = None
    watchers: list["Job"] = field(default_factory=list)

    def __await__(self) -> Generator[Any, Any, Any]:
        if self.state == "running":
            yield methodcaller("watch", self)
        if self.state == "failed":
            raise self.result
        return self.result

    # traps: called on the job that has just suspended
    def watch(self, other: "Job") -> None:
        other.watchers.append(self)

    def requeue(self) -> None:
        self.loop.ready.append(self)

    def snooze(self, seconds: float) -> None:
        heappush(self.loop.alarms, Alarm(self.loop.clock() + seconds, self.loop.next_number(), self))

    def listen(self, fileobj: Any) -> None:
        self.loop.selector.register(fileobj, selectors.EVENT_READ, data=self)

    def step(self) -> None:
        try:
            trap = self.coro.send(None)
        except StopIteration as stop:
            self.end("returned", stop.value)
        except Exception as exc:
            self.end("failed", exc)
        else:
            trap(self)

    def end(self, state: str, result: Any) -> None:
        self.state, self.result = state, result
        for watcher in self.watchers:
            watcher.requeue()


@dataclass(order=True)
class Alarm:
    deadline: float
    number: int
    job: Job = field(compare=False)


class Trap:
    def __init__(self, name: str, *args: Any) -> None:
        self.call = methodcaller(name, *args)

    def __await__(self) -> Generator[Any, Any, None]:
        yield self.call


class MiniLoop:
    def __init__(self, selector: selectors.BaseSelector, clock: Callable[[], float]) -> None:
        self.selector = selector
        self.clock = clock
        self.ready: deque[Job] = deque()
        self.alarms: list[Alarm] = []
        self.jobs: list[Job] = []
        self._number = 0

    def next_number(self) -> int:
        self._number += 1
        return self._number

    def sleep(self, seconds: float) -> Trap:
        return Trap("snooze", seconds) if seconds > 0 else Trap("requeue")

    def readable(self, fileobj: Any) -> Trap:
        return Trap("listen", fileobj)

    def spawn(self, coro: Coroutine[Any, Any, Any]) -> Job:
        job = Job(coro, self)
        self.jobs.append(job)
        job.requeue()
        return job

    def schedule(self) -> Iterator[Job]:
        while True:
            timeout: float | None = None
            if self.ready:
                timeout = 0
            elif self.alarms:
                timeout = max(0, self.alarms[0].deadline - self.clock())
            for key, _ in self.selector.select(timeout):
                self.selector.unregister(key.fileobj)
                key.data.requeue()
            now = self.clock()
            while self.alarms and self.alarms[0].deadline <= now:
                heappop(self.alarms).job.requeue()
            for _ in range(len(self.ready)):
                yield self.ready.popleft()

    def run(self, main: Coroutine[Any, Any, Any]) -> Any:
        root = self.spawn(main)
        try:
            for job in self.schedule():
                job.step()
                if root.state != "running":
                    break
        finally:
            for job in self.jobs:
                job.coro.close()
        if root.state == "failed":
            raise root.result
        return root.result
