"""Holds each decision of the core to the plain reference router and to the invariants of DESIGN section 6.

The judge folds the events into a state of its own that keeps no idle lines. Before each reservation it works out from
the records which decisions are right there: for each agent who is free, the item that goes first for them, with the
agent who goes first for that item. Mostly there is one; when several agents or items come at once there may be more,
and their order is the core's to choose.
"""

from collections import Counter

from router.bench.routing_reference import Decision, Reference
from router.core import events as e
from router.core.due import next_deadline
from router.core.evolve import evolve
from router.core.invariants import check
from router.core.match import pending
from router.core.state import State
from router.core.step import Step


class Judge:
    """Follows one state, step by step."""

    def __init__(self) -> None:
        self.shadow = State(routing=False)
        self.met: Counter[str] = Counter()

    def follow(self, state: State, taken: Step, now: int) -> None:
        """Judge what one command led to."""
        before = self._free(now)
        for event in taken.events:
            if isinstance(event, e.ReservationMade):
                self._judge(event, now, before)
            self.met[type(event).__name__] += 1
            evolve(self.shadow, event)
        self.shadow.touched.clear()
        if not pending(state):
            left = Reference(self.shadow, now).decisions()
            assert left == [], f"nobody looked at {left}"

        due = next_deadline(state)
        if due is None or due > now:
            self._in_force(now)
        for item in self.shadow.items.values():
            assert item.state == "reserved" or not item.rivals, "who has accepted it has it alone"

    def _in_force(self, now: int) -> None:
        """When nothing is due, what has come into force for an item is what it has waited for, and nothing else."""
        reference = Reference(self.shadow, now)
        for item in reference.waiting():
            queue = self.shadow.queues[item.queue]
            serving = [reference.serves(agent).get(queue.id) for agent in self.shadow.agents.values()]
            delays = (how.delay_ms for how in serving if how is not None and how.enabled)
            for after in (queue.prefer_ms, *delays, *(step.after_ms for step in queue.plan)):
                assert (after <= item.waited) == (item.entered_at + after <= now), f"{item.id}: {after}"

    def compare(self, state: State) -> None:
        """The state is what its events say, and so are its indexes."""
        assert self.shadow.digest() == state.digest()
        assert check(state) == []

    def _free(self, now: int) -> dict[str, frozenset[str]]:
        """Who has room, and for which channels."""
        return {agent.id: agent.channels for agent in Reference(self.shadow, now).everybody_free()}

    def _judge(self, made: e.ReservationMade, now: int, before: dict[str, frozenset[str]]) -> None:
        reference = Reference(self.shadow, now)
        if self.shadow.items[made.item].state == "reserved":
            self._rival(reference, made)
            return
        right = reference.decisions()
        decided = Decision(made.item, made.agent)
        if decided not in right and any(queue.reserve for queue in self.shadow.queues.values()):
            right += self._came_free(reference, before)
            self.met["kept until somebody came free"] += 1
        assert decided in right, f"{decided}, but right is {right}"
        self.met["decisions"] += 1
        self.met["only one right"] += len(right) == 1
        self.met[f"strategy {self.shadow.queues[made.queue].strategy}"] += 1
        self._sound(reference, decided)

    def _rival(self, reference: Reference, made: e.ReservationMade) -> None:
        """The item is held for another agent too: for the one who goes next, and not for too many."""
        item = self.shadow.items[made.item]
        queue = self.shadow.queues[made.queue]
        asked = [agent for agent in reference.everybody_free() if agent.id not in item.holders]
        assert made.agent in [agent.id for agent in reference.first_agents(item, asked)]
        assert len(item.holders) < queue.simultaneous
        self.met["rivals"] += 1

    def _came_free(self, reference: Reference, before: dict[str, frozenset[str]]) -> list[Decision]:
        """What waited only because too many are kept for others goes to the one who came free, whoever else idles."""
        came = [agent for agent in reference.everybody_free() if agent.channels - before.get(agent.id, frozenset())]
        firsts = ((reference.first_item(agent, reference.waiting()), agent) for agent in came)
        return [Decision(item.id, agent.id) for item, agent in firsts if item is not None]

    def _sound(self, reference: Reference, decided: Decision) -> None:
        """The invariants, each by itself: nothing here knows what goes first."""
        item = self.shadow.items[decided.item]
        assert item.state == "queued", "at most one agent has an item"
        assert not item.agent
        agent = next((free for free in reference.everybody_free() if free.id == decided.agent), None)
        assert agent is not None, "who has no room, or is not there, gets nothing"
        assert item.channel in agent.channels
        assert reference.may(agent, item), "who lacks what is asked gets nothing"
        for other in reference.waiting():
            if reference.equal(item, other) and (other.due, other.seq) < (item.due, item.seq):
                assert not reference.may(agent, other), f"{item.id} overtook {other.id}"
