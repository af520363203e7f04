"""An event loop on virtual time, driven by a seed: the order of what is ready is drawn, waiting costs nothing.

Everything on it belongs to a process or to nobody (`PROCESS`, inherited by whatever a task starts). A process can be
stopped where it stands, as SIGSTOP does, and go on later or never: none of its code runs meanwhile, and what is killed
does not even clean up.

It replaces asyncio's own step (`_run_once`, `_ready`, `_scheduled`), whose shape may change with a Python version:
`tests/simulate/test_loop.py` holds it to what we rely on. No socket and no thread may live on it.
"""

import asyncio
import heapq
import random
import selectors
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from contextvars import ContextVar, copy_context
from typing import Any, cast


class Unanswered(Exception):
    """Whoever was asked has said nothing: the request or the reply was lost, or the process died over it."""


class Process:
    """Something that can be stopped and killed, and everything that runs in it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.dead = False
        self.ended = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self.held: list[asyncio.Handle] | None = None
        """What would have run since it was stopped; None while it runs."""
        self.tasks: list[asyncio.Task[Any]] = []
        """Everything ever started in it: what was killed must not be collected before the world ends."""
        self._asked: dict[asyncio.Future[Any], None] = {}

    def start(self, job: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run `job` in this process."""
        context = copy_context()
        context.run(PROCESS.set, self)
        return self._loop.create_task(job, context=context)

    async def ask(self, job: Callable[[], Awaitable[Any]], patience_s: float) -> Any:
        """What `job` gives, which runs in this process for somebody outside. Raises Unanswered, and what it raises."""
        if self.dead:
            raise Unanswered(self.name)
        answer: asyncio.Future[Any] = self._loop.create_future()
        self._asked[answer] = None
        self.start(_answer(job, answer))
        try:
            async with asyncio.timeout(patience_s):
                return await answer
        except TimeoutError:
            raise Unanswered(self.name) from None
        finally:
            del self._asked[answer]

    def stop(self) -> None:
        """Stand still from here on."""
        self.held = [] if self.held is None else self.held

    def go_on(self) -> None:
        """Go on with everything that was held back, unless dead."""
        if self.held is not None and not self.dead:
            held, self.held = self.held, None
            cast(Any, self._loop)._ready.extend(held)

    def kill(self) -> None:
        """Stand still for good; whoever waits for an answer sees the connection break."""
        self.dead = True
        self.stop()
        self.ended.set()
        for answer in self._asked:
            if not answer.done():
                answer.set_exception(Unanswered(self.name))

    def wake_to_end(self) -> None:
        """After the world has ended: let what was stopped be cancelled, so that nothing is left behind."""
        self.dead = False
        self.go_on()


PROCESS: ContextVar[Process | None] = ContextVar("process", default=None)
"""The process that the running code belongs to; None: the world outside."""


def outside(job: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
    """Run `job` in no process: what is on its way through a network goes on when its sender dies."""
    context = copy_context()
    context.run(PROCESS.set, None)
    return asyncio.get_running_loop().create_task(job, context=context)


async def _answer(job: Callable[[], Awaitable[Any]], answer: asyncio.Future[Any]) -> None:
    try:
        result = await job()
    except Exception as error:
        if not answer.done():
            answer.set_exception(error)
    else:
        if not answer.done():
            answer.set_result(result)


class SimLoop(asyncio.SelectorEventLoop):
    """One thread of time that jumps to whatever comes next. `random` is the only source of chance in the world."""

    def __init__(self, seed: int) -> None:
        super().__init__(selectors.SelectSelector())
        self._virtual = 0.0
        self.random = random.Random(seed)  # noqa: S311 - chance that can be repeated is the point
        self.set_task_factory(_belonging)

    def time(self) -> float:
        """Virtual seconds since the loop began."""
        return self._virtual

    def _run_once(self) -> None:
        internals = cast(Any, self)
        ready: deque[asyncio.Handle] = internals._ready
        due: list[Any] = internals._scheduled
        while due and due[0]._cancelled:
            heapq.heappop(due)._scheduled = False
        if not ready:
            if not due:
                raise Stalled("nothing is ready and nothing is due: everybody waits for somebody else")
            self._virtual = max(self._virtual, due[0]._when)
        while due and due[0]._when <= self._virtual:
            handle = heapq.heappop(due)
            handle._scheduled = False
            ready.append(handle)
        now = list(ready)
        ready.clear()
        if len(now) > 1:
            self.random.shuffle(now)
        for handle in now:
            _run(handle)


def _run(handle: Any) -> None:
    """Run what is ready, or hold it back when its process stands still."""
    if handle._cancelled:
        return
    process: Process | None = handle._context.get(PROCESS)
    if process is not None and process.held is not None:
        process.held.append(handle)
    else:
        handle._run()


def _belonging(loop: asyncio.AbstractEventLoop, job: Any, *, context: Any = None) -> asyncio.Task[Any]:
    """A task, noted with the process that it belongs to."""
    task: asyncio.Task[Any] = asyncio.Task(job, loop=loop, context=context)
    process = context.get(PROCESS) if context is not None else PROCESS.get()
    if process is not None:
        process.tasks.append(task)
    return task


class Stalled(AssertionError):
    """The world came to a stop: a lost wake-up."""


class SimClock:
    """The `Clock` port on virtual time. Its wall clock may be set apart from it: skewed, or to let it jump."""

    START_MS = 1_800_000_000_000  # an instant of 2027; its value means nothing

    def __init__(self, loop: SimLoop, wall_offset_ms: int = 0) -> None:
        self._loop = loop
        self.wall_offset_ms = wall_offset_ms

    def now_ms(self) -> int:
        """The wall clock."""
        return self.START_MS + self.monotonic_ms() + self.wall_offset_ms

    def monotonic_ms(self) -> int:
        """Virtual milliseconds since the loop began."""
        return int(self._loop.time() * 1000)


class SimIds:
    """The `Ids` port from the seed: the same world has the same ids."""

    def __init__(self, loop: SimLoop) -> None:
        self._random = loop.random

    def new(self, prefix: str) -> str:
        """An id that this seed always draws here."""
        return f"{prefix}_{self._random.getrandbits(64):016x}"
