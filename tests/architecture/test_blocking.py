"""The guard against blocking calls guards, and the waiting that all tests share waits."""

import asyncio

import pytest
from blockbuster import BlockingError

from tests.architecture.tree import ROOT
from tests.support import eventually, free_port


async def test_reading_a_file_in_the_loop_fails_in_our_code_and_passes_in_a_thread() -> None:
    ours: dict[str, object] = {}
    code = "def read(path):\n    with open(path) as file:\n        return file.read()\n"
    exec(compile(code, str(ROOT / "router" / "reader.py"), "exec"), ours)  # as if it were a module of ours
    read = ours["read"]
    assert callable(read)
    with pytest.raises(BlockingError):
        read(__file__)
    assert "in a thread" in await asyncio.to_thread(read, __file__)


async def test_a_condition_is_waited_for_and_named_when_it_does_not_come() -> None:
    seen = iter([0, "", 7])
    assert await eventually(lambda: next(seen)) == 7
    never = 0
    with pytest.raises(AssertionError, match="lambda: never"):
        await eventually(lambda: never, within_s=0.02)


def test_a_free_port_is_free_and_not_privileged() -> None:
    assert free_port() > 1023
