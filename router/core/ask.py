"""What a waiting item asks now: what it asks itself, what its queue asks of all, and the steps of the plan in force.

And who may take it: the standing of an agent towards what is asked.
"""

from collections.abc import Mapping
from typing import NamedTuple

from queues.plan import RelaxStep
from queues.queue import Queue
from queues.team import Membership
from router.core.limits import ORDER_MAX
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
    members: int = ORDER_MAX
    teams: tuple[str, ...] = ()
    queues: tuple[str, ...] = ()
    waited: int = 0


class Raw(NamedTuple):
    """What of an item its `Ask` is made from.

    `priority` is its own (0: that of its queue); `prefers` is the agent it waits for alone at first.
    """

    queue: str
    channel: str
    priority: int
    requirement: Requirement
    wishes: Requirement
    only: str
    prefers: str
    waited: int


def ask(raw: Raw, queue: Queue | None, delays: tuple[int, ...]) -> Ask:
    """What such items ask in a queue with these rules, whose memberships have these delays (ascending)."""
    if queue is None:
        return Ask(raw.queue, raw.channel, raw.priority, raw.requirement, raw.wishes, raw.only)
    alone = bool(raw.prefers) and not raw.only and raw.waited < queue.prefer_ms
    taken = Ask(
        queue=raw.queue,
        channel=raw.channel,
        priority=raw.priority or queue.priority,
        requirement=merged(raw.requirement, queue.requirement),
        wishes=merged(raw.wishes, queue.wishes),
        only=raw.prefers if alone else raw.only,
        alone=alone,
        waited=max((delay for delay in delays if delay <= raw.waited), default=0),
    )
    for step in queue.plan:
        if step.after_ms <= raw.waited:
            taken = _after(taken, step)
    return taken


def _after(asks: Ask, step: RelaxStep) -> Ask:
    return asks._replace(
        requirement=relaxed(asks.requirement, step.drop, step.lower),
        priority=asks.priority + step.priority,
        members=asks.members if step.members is None else step.members,
        teams=tuple(dict.fromkeys((*asks.teams, *step.teams))),
        queues=tuple(dict.fromkeys((*asks.queues, *step.queues))),
    )


def order_of(asks: Ask, memberships: Mapping[str, Membership], teams: tuple[str, ...]) -> int | None:
    """The order in which an agent with these (enabled) memberships is asked; None for one who takes no part.

    Members go first, then those of added teams, then those who serve added queues.
    """
    own = memberships.get(asks.queue)
    if own is not None and own.order <= asks.members and own.delay_ms <= asks.waited:
        return own.order
    for place, team in enumerate(asks.teams):
        if team in teams:
            return ORDER_MAX + 1 + place
    for place, queue in enumerate(asks.queues):
        if queue in memberships:
            return 2 * ORDER_MAX + memberships[queue].order + place * ORDER_MAX
    return None
