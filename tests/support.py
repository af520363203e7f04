"""What tests of any part share: waiting for a condition, and a port that nobody uses.

No test sleeps. It names what it waits for and how long that may take; here is the one place that looks again.
"""

import asyncio
import inspect
import socket
import threading
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

LOOK_AGAIN_S = 0.005  # short beside anything that is waited for, long beside looking

T = TypeVar("T")


async def eventually(condition: Callable[[], T | Awaitable[T]], within_s: float = 5.0) -> T:
    """The first true value of `condition`, looked at again and again. AssertionError if none comes in time."""
    loop = asyncio.get_running_loop()
    end = loop.time() + within_s
    while True:
        value = condition()
        seen: T = await value if inspect.isawaitable(value) else value
        if seen:
            return seen
        assert loop.time() < end, f"not within {within_s} s: {described(condition)}; last seen: {seen!r}"
        again = loop.create_future()
        loop.call_later(LOOK_AGAIN_S, again.set_result, None)
        await again


def eventually_true(condition: Callable[[], T], within_s: float = 10.0) -> T:
    """Like `eventually`, for tests without a loop: those that start and stop processes."""
    end = time.monotonic() + within_s
    while not (seen := condition()):
        assert time.monotonic() < end, f"not within {within_s} s: {described(condition)}; last seen: {seen!r}"
        threading.Event().wait(LOOK_AGAIN_S)
    return seen


def described(condition: Callable[[], object]) -> str:
    """The condition as it is written in the test."""
    try:
        return " ".join(inspect.getsource(condition).split())
    except (OSError, TypeError):
        return repr(condition)


def free_port() -> int:
    """A TCP port on loopback that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
