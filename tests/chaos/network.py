"""The network of a round: each part that can be cut off has a place (a network namespace) of its own.

The runner is the router between them. It works in namespaces of its own (`__main__`), so that all of this is gone
when the runner is, whatever ended it. A cut is a rule of the router that drops packets silently, as a broken switch
does: nobody is told anything.
"""

import asyncio
from collections.abc import Iterator
from pathlib import Path

ROUTER = "10.77.0.1"
"""Where the runner is, and everything that has no place of its own."""

_FORWARD = Path("/proc/sys/net/ipv4/ip_forward")
_DEAF = 500  # first priority of the rules by which the router is deaf: after all other cuts
_LOCAL = 1_000  # priority of the rule for what is delivered here: after all cuts


class Network:
    """The places by name. `await build()` first."""

    def __init__(self, places: list[str]) -> None:
        self._numbers = {name: number for number, name in enumerate(places, 1)}

    def address(self, place: str) -> str:
        """The address of a place."""
        return f"10.77.{self._numbers[place]}.2"

    def inside(self, place: str) -> list[str]:
        """What stands before a command that shall run in a place."""
        return ["nsenter", f"--net=/run/netns/{place}"]

    async def build(self) -> None:
        """Make the places and the ways between them."""
        await asyncio.to_thread(_FORWARD.write_text, "1")
        await _ip("link set lo up")
        await _ip(f"addr add {ROUTER}/32 dev lo")
        await _ip(f"rule add lookup local priority {_LOCAL}")
        await _ip("rule del priority 0")
        for place, number in self._numbers.items():
            await _ip(f"netns add {place}")
            await _ip(f"link add way{number} type veth peer name eth0 netns {place}")
            await _ip(f"addr add 10.77.{number}.1/30 dev way{number}")
            await _ip(f"link set way{number} up")
            await _ip(f"-n {place} link set lo up")
            await _ip(f"-n {place} addr add {self.address(place)}/30 dev eth0")
            await _ip(f"-n {place} link set eth0 up")
            await _ip(f"-n {place} route add default via 10.77.{number}.1")

    async def cut(self, one: str, other: str = "") -> None:
        """Drop everything between two places, or all that comes from one and goes to it."""
        for rule in self._rules(one, other):
            await _ip(f"rule add {rule} blackhole")

    async def heal(self, one: str, other: str = "") -> None:
        """Let pass again what was cut."""
        for rule in self._rules(one, other):
            await _ip(f"rule del {rule} blackhole")

    async def deafen(self, one: str) -> None:
        """Let the router hear nothing of a place, while the other places do."""
        for rule in self._answers(one):
            await _ip(f"rule add {rule} blackhole")

    async def undeafen(self, one: str) -> None:
        """Let the router hear it again."""
        for rule in self._answers(one):
            await _ip(f"rule del {rule} blackhole")

    def _answers(self, one: str) -> Iterator[str]:
        number = self._numbers[one]
        for step, here in enumerate((ROUTER, f"10.77.{number}.1")):
            yield f"priority {_DEAF + 2 * number + step} from {self.address(one)} to {here}"

    def _rules(self, one: str, other: str) -> Iterator[str]:
        """Each with a priority that no other has: a rule without `to` is taken for any that has one."""
        first = self._numbers[one]
        if not other:
            yield f"priority {2 * first} from {self.address(one)}"
            yield f"priority {2 * first + 1} to {self.address(one)}"
            return
        for a, b in ((one, other), (other, one)):
            priority = (len(self._numbers) + 1) * (1 + self._numbers[a]) + self._numbers[b]
            yield f"priority {priority} from {self.address(a)} to {self.address(b)}"


async def _ip(arguments: str) -> None:
    process = await asyncio.create_subprocess_exec("ip", *arguments.split())
    if await process.wait():
        raise OSError(f"ip {arguments} failed")
