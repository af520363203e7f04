"""Fills a store with a busy centre, as a process that can be killed: a node without faces, whose log is as real as any.

It reads one order from standard input, says on standard output how far it is, and is alive when it is done: its
agents are at work as long as their gateway lives.
"""

import asyncio
import sys
import time
from collections.abc import Iterable, Mapping

import msgspec
import uvloop

from router import logs
from router.archive.limits import LAG_EVENTS_MAX
from router.archive.process import ArchiveProcess, Where
from router.bench import busy_centre, limits
from router.core.commands import Command
from router.gateway import StoreError
from router.node.running import Running, running
from router.runtime.limits import COMMIT_COMMANDS_MAX
from router.settings import load, prepare


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What to fill, and with how much."""

    folder: str
    items: int
    agents: int


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """How far it is: commands decided, and open items. `full` at the end."""

    decided: int
    items: int
    full: bool = False


class Filling:
    """Submits commands, many at a time, and waits until each was decided."""

    def __init__(self, node: Running) -> None:
        self._node = node
        self._free = asyncio.Semaphore(limits.FILL_AT_ONCE)
        self._decided = 0
        self._told = 0.0

    async def fill(self, items: int, agents: int) -> None:
        """A centre, agents at work, and items in every state. Raises StoreError for a command that was not decided."""
        gateway = self._node.gateway
        for change in busy_centre.centre(agents):
            await self._do(change, {})
        await self._all((command, {}) for command in busy_centre.arrivals(agents, gateway.gateway_id))
        await self._all(busy_centre.letters(items))
        await self._all((command, {}) for command in busy_centre.acceptances(gateway.state))
        await self._all((command, {}) for command in busy_centre.pauses(gateway.state))
        await self._archived(0)
        self.tell(full=True)

    async def _all(self, commands: Iterable[tuple[Command, Mapping[str, bytes]]]) -> None:
        async with asyncio.TaskGroup() as tasks:
            for number, (command, contents) in enumerate(commands):
                if number % limits.FILL_AT_ONCE == 0:
                    await self._archived(LAG_EVENTS_MAX // 2)
                await self._free.acquire()
                tasks.create_task(self._one(command, contents))

    async def _archived(self, behind: int) -> None:
        """Wait until history is at most so many events behind: nothing is taken in when it is too far."""
        while self._node.gateway.position - await self._node.history.position() > behind:
            self.tell()
            await asyncio.sleep(limits.LOOK_S)

    async def _one(self, command: Command, contents: Mapping[str, bytes]) -> None:
        try:
            await self._do(command, contents)
        finally:
            self._free.release()

    async def _do(self, command: Command, contents: Mapping[str, bytes]) -> None:
        receipt = await self._node.gateway.submit(command, contents=contents)
        outcome = await self._node.gateway.outcome(receipt, limits.BACK_S_MAX)
        if outcome is None or outcome.rejection:
            raise StoreError(f"{type(command).__name__} came to nothing: {outcome}")
        self._decided += 1
        if self._decided % COMMIT_COMMANDS_MAX == 0:
            self.tell()

    def tell(self, *, full: bool = False) -> None:
        """Say how far it is, now and then."""
        now = time.monotonic()
        if full or now > self._told + limits.SHOW_S:
            self._told = now
            told = Told(decided=self._decided, items=len(self._node.gateway.state.items), full=full)
            sys.stdout.write(msgspec.json.encode(told).decode() + "\n")
            sys.stdout.flush()


async def _fill(order: Order) -> None:
    settings = prepare(load({"data_dir": order.folder}))
    logs.configure(settings.log.level, settings.log.form)
    async with running(settings) as node:
        where = Where(
            store_url=node.store_url,
            domain=settings.domain,
            replicas=0,
            settles=False,
            database_url=settings.database_url,
            log_level=settings.log.level,
            log_form=settings.log.form,
        )
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(node.gateway.wait())
            tasks.create_task(ArchiveProcess(where).run())
            for watch in node.watches.values():
                tasks.create_task(watch.run())
            await Filling(node).fill(order.items, order.agents)


if __name__ == "__main__":
    uvloop.run(_fill(msgspec.json.decode(sys.stdin.readline(), type=Order)))
