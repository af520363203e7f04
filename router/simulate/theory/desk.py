"""Chats share their agent: with k at once all go on together at a total speed that the model names (limited processor
sharing). Each agent has a clock that runs as fast as one chat of theirs goes on; a chat is done when it shows its work.
"""

from heapq import heappop, heappush

from router.simulate.theory.limits import TICKS_PER_S
from router.simulate.theory.streams import Contact
from router.simulate.theory.vectors import Pool


class Desk:
    """The chats of all agents. One of its instants is only an estimate until nothing changes before it: `version`."""

    def __init__(self, pools: tuple[Pool, ...]) -> None:
        self._pools = pools
        self._chats: dict[str, list[tuple[float, int, Contact]]] = {}
        self._clock: dict[str, float] = {}
        self._read: dict[str, int] = {}
        self._version: dict[str, int] = {}

    def begins(self, contact: Contact, now: int) -> None:
        """One more chat for its agent."""
        agent = contact.agent
        self._run(agent, now)
        heappush(self._chats.setdefault(agent, []), (self._clock[agent] + contact.work, contact.index, contact))

    def next(self, agent: str, now: int) -> tuple[int, int] | None:
        """When the agent's next chat is done if nothing changes, and the version of that estimate."""
        self._version[agent] = version = self._version.get(agent, 0) + 1
        chats = self._chats[agent]
        if not chats:
            return None
        left = (chats[0][0] - self._clock[agent]) / self._speed(chats)
        return now + max(0, round(left * TICKS_PER_S)), version

    def finished(self, agent: str, version: int, now: int) -> Contact | None:
        """The chat that is done now; None when something changed since that was estimated."""
        if version != self._version[agent]:
            return None
        self._run(agent, now)
        return heappop(self._chats[agent])[2]

    def _run(self, agent: str, now: int) -> None:
        """Let the agent's clock run until now."""
        chats = self._chats.get(agent)
        if chats:
            passed = (now - self._read[agent]) / TICKS_PER_S
            self._clock[agent] += passed * self._speed(chats)
        else:
            self._clock[agent] = 0.0
        self._read[agent] = now

    def _speed(self, chats: list[tuple[float, int, Contact]]) -> float:
        """Work of one chat that is done in a second."""
        pool = self._pools[chats[0][2].pool]
        return pool.total_speed_by_chats[len(chats) - 1] / len(chats) / pool.mean_handle_alone_s
