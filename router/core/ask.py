"""What a waiting item asks now: what it asks itself, what its queue asks of all, and the steps of the plan in force."""

from typing import NamedTuple

from queues.plan import RelaxStep
from queues.queue import Queue
from skills import Requirement, merged, relaxed


class Ask(NamedTuple):
    """What makes two waiting items equal.

    `only` is the one agent the item waits for; `alone` says that this is the window of its last agent, who must be
    one of those who may take it. `members`: the highest order of membership that takes part. `teams` and `queues` are
    those whose agents take part beside the members. `waited`: the delay of membership up to which agents take part.
    """

    queue: str
    channel: str
    priority: int
    requirement: Requirement
    wishes: Requirement = ()
    only: str = ""
    alone: bool = False
    members: int | None = None
    teams: tuple[str, ...] = ()
    queues: tuple[str, ...] = ()
    waited: int = 0


class Raw(NamedTuple):
    """What of an item its `Ask` is made from."""

    queue: str
    channel: str
    priority: int
    requirement: Requirement
    wishes: Requirement
    only: str
    last: str
    waited: int


def ask(raw: Raw, queue: Queue | None) -> Ask:
    """What these items ask in a queue with these rules."""
    if queue is None:
        return Ask(raw.queue, raw.channel, raw.priority, raw.requirement, raw.wishes, raw.only)
    asked = merged(raw.requirement, queue.requirement)
    wishes = merged(raw.wishes, queue.wishes)
    alone = bool(raw.last) and not raw.only and raw.waited < queue.prefer_ms
    only = raw.last if alone else raw.only
    taken = Ask(raw.queue, raw.channel, raw.priority, asked, wishes, only, alone, waited=raw.waited)
    for step in queue.plan:
        if step.after_ms <= raw.waited:
            taken = _after(taken, step)
    return taken


def _after(asks: Ask, step: RelaxStep) -> Ask:
    return asks._replace(
        requirement=relaxed(asks.requirement, step.drop, step.lower),
        priority=asks.priority + step.priority,
        members=step.members or asks.members,
        teams=tuple(dict.fromkeys((*asks.teams, *step.teams))),
        queues=tuple(dict.fromkeys((*asks.queues, *step.queues))),
    )
