"""Reservations as they end, one of them or all: declined, expired, rescinded, released; and what follows from it."""

from collections.abc import Iterator

from router.core import events as e
from router.core.agent import Agent
from router.core.filters import FILTERS
from router.core.item import Reservation, WorkItem
from router.core.placing import routable
from router.core.state import State

PASSING = frozenset({"excepted", "not_connected", "not_available", "no_room", "kept_for_others"})
"""Refusals that pass by themselves: who is refused for nothing else could have the item."""

UNTIL_AWAY = -1
"""In place of an instant: barred until the agent has been offline."""


def ended(
    item: WorkItem, held: Reservation, now: int, outcome: e.HoldEnd, *, reason: str = "", until: int = 0
) -> e.ReservationEnded:
    """One reservation of the item has ended without an accept."""
    return e.ReservationEnded(
        at=now,
        item=item.id,
        agent=held.agent,
        reservation=held.id,
        outcome=outcome,
        reason=reason,
        excepted_until=until,
    )


def taken(item: WorkItem, held: Reservation, now: int, by: e.AcceptedBy = "agent") -> list[e.Event]:
    """The agent of this reservation has the item; for all others it is rescinded."""
    accepted = e.ReservationAccepted(at=now, item=item.id, agent=held.agent, reservation=held.id, by=by)
    if not item.rivals:
        return [accepted]
    others = [ended(item, other, now, "rescinded", reason="taken") for other in item.ringing if other.id != held.id]
    return [*others, accepted]


def barred_until(state: State, item: WorkItem, now: int) -> int:
    """Until when who declines the item now is barred from it, by its queue's rule; 0: not at all."""
    queue = state.queues[item.queue]
    if queue.decline_until == "return":
        return UNTIL_AWAY
    return now + queue.decline_memory_ms if queue.decline_memory_ms else 0


def given_up(state: State, item: WorkItem, now: int, *, expired: int = 0, declined: int = 0) -> list[e.Event]:
    """The item, held for nobody any more after so many ends, is stuck with an alarm when it has emptied as many desks,
    or was declined as often, as its queue lets it."""
    queue = state.queues.get(item.queue)
    if queue is None:
        return []
    expiries, declines = item.expiries + expired, item.declines + declined
    if expiries >= queue.knock_out_max:
        reason, count = "no_answer", expiries
    elif 0 < queue.declines_max <= declines:
        reason, count = "declined", declines
    else:
        return []
    return [
        e.ItemStuck(at=now, item=item.id, reason=reason),
        e.AlarmRaised(at=now, code="item_stuck", subject=item.id, count=count),
    ]


def lapsed(state: State, item: WorkItem, agent: str, now: int) -> list[e.Event]:
    """`agent` declines, and was the last who could be asked: who declined before them is asked again, if the queue
    remembers no longer."""
    if state.queues[item.queue].decline_until != "others":
        return []
    before = tuple(other for other in item.declined_by if other != agent and item.barred.get(other))
    if not before or any(
        routable(other, state.presences[other.id]) for other in _able(state, item, {*item.barred, agent})
    ):
        return []
    return [e.ExceptionsLapsed(at=now, item=item.id, agents=before)]


def declined_by_all(state: State, item: WorkItem, also: str = "") -> bool:
    """Whether every agent who could have the item, by membership and skills and not offline, has declined it since it
    entered its queue. `also` is one who does so now.

    Costs no more than a look at each agent who is signed on, and ends with the first who has not.
    """
    decliners = {*item.declined_by, also} - {""}
    if not decliners:
        return False
    others = _able(state, item, decliners)
    return next(others, None) is None


def _able(state: State, item: WorkItem, but: set[str]) -> Iterator[Agent]:
    """Agents who are signed on and could have the item, except these."""
    rules = [rule for rule in FILTERS if rule.code not in PASSING]
    for id, presence in state.presences.items():
        if presence.state == "offline" or id in but:
            continue
        agent = state.agents[id]
        if all(rule.passes(state, item, agent) for rule in rules):
            yield agent
