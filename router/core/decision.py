"""What the `decide_*` functions share: the shape of a decision, and the checks that most of them make."""

from typing import TypeAlias

from queues.queue import Queue
from router.core import commands as c
from router.core import events as e
from router.core.events.item import BY_HAND
from router.core.item import WorkItem
from router.core.opened import Way, entrance
from router.core.rejections import Rejection
from router.core.state import State
from router.core.transitions import OF_CONSULTS, hears
from skills import Requirement, meets, merged

Decision: TypeAlias = list[e.Event] | Rejection
"""Either what happens (possibly nothing: it is so already) or an expected refusal. Deciding changes nothing."""


def no(code: str, subject: str = "") -> Rejection:
    """A refusal with this code, about this thing."""
    return Rejection(code=code, subject=subject)


def code_known(state: State, kind: str, name: str) -> bool:
    """Whether agents may use this code: it is one of the centre's, or the centre has none of the kind."""
    if f"{kind}:{name}" in state.codes:
        return True
    return bool(name) and not any(code.kind == kind for code in state.codes.values())


def owned(state: State, command: c.Command, item: str, agent: str) -> WorkItem | Rejection:
    """The item, if it is this agent's and hears this command in its state; else why not."""
    record = state.items.get(item)
    if record is None or record.state == "closed":
        return no("unknown_item", item)
    if not hears(type(command), record.state):
        return no("wrong_state", item)
    if record.consults and type(command) not in OF_CONSULTS:
        return no("is_consult", item)
    return record if record.agent == agent else no("not_yours", item)


def queued(  # the one way into a queue, so that due and place follow one rule
    state: State,
    item: WorkItem,
    queue: Queue,
    now: int,
    *,
    reason: e.EntryReason,
    requirement: Requirement,
    only: str = "",
    last: str | None = None,
    offset: int = 1,
) -> e.ItemQueued:
    """The item enters the queue (or where it flows over to while that is closed), last among its equals; `due`
    never grows by a move.

    `last` is who counts as its last agent from here on, if not whoever was ('': nobody is waited for). `offset` tells
    apart several entries of one decision.
    """
    last = item.last_agent if last is None else last
    way = Way(queue) if only else entrance(state, queue, now, () if reason in BY_HAND else item.passed)
    if way.queue is not queue:
        queue, requirement = way.queue, carried(state, requirement)
    return e.ItemQueued(
        at=now,
        item=item.id,
        queue=queue.id,
        reason=reason,
        due=min(item.due, now + queue.target(item.channel)),
        seq=state.meta.seq + offset,
        requirement=requirement,
        wishes=item.wishes,
        priority=item.priority,
        only=only,
        prefers=preferred(state, queue, "" if last in item.barred else last, requirement),
        last=last if last != item.last_agent else "",
        overdue=late_on_entry(item, queue, now, reason),
        passed=way.passed,
    )


def preferred(state: State, queue: Queue, last: str, requirement: Requirement) -> str:
    """The agent whom an item waits for alone at first: who had it last, where the queue wants that and they are there
    and may take it; '' for nobody."""
    agent = state.agents.get(last) if queue.prefer_ms else None
    if agent is None or agent.disabled or state.presences[agent.id].state == "offline":
        return ""
    membership = state.memberships(agent).get(queue.id)
    able = meets(state.skills_of(agent), merged(requirement, queue.requirement))
    return agent.id if able and membership is not None and membership.enabled else ""


def late_on_entry(item: WorkItem, queue: Queue, now: int, reason: e.EntryReason) -> bool:
    """Whether an item enters a queue when the time to resolve it there is over: then that rule moves it no further,
    or nobody there could ever have it. What an agent had and left behind is another matter."""
    left = reason in ("absent", "returned") and item.queue == queue.id
    return 0 < queue.resolve(item.channel) <= now - item.first_entered_at and not left


def carried(state: State, requirement: Requirement) -> Requirement:
    """What an item still asks in another queue: the languages; the other skills were that of its first queue."""
    return tuple(
        (skill, level)
        for skill, level in requirement
        if skill in state.skills and state.skills[skill].kind == "language"
    )


def released(item: WorkItem, now: int, reason: str, agent: str = "") -> list[e.Event]:
    """The end of the item's reservations that were not accepted yet; with `agent`, of theirs alone."""
    return [
        e.ReservationEnded(
            at=now, item=item.id, agent=held.agent, reservation=held.id, outcome="released", reason=reason
        )
        for held in item.ringing
        if agent in ("", held.agent)
    ]


def lacking(state: State, item: WorkItem, *, category: str = "", outcome: str = "") -> str:
    """The code of what the queue demands before the item closes and nobody has said yet; '' for nothing."""
    queue = state.queues.get(item.queue)
    if queue is None or not queue.demands:
        return ""
    said = {"category": category or item.category, "outcome": outcome or item.disposition}
    return next((f"{demand}_required" for demand in queue.demands if not said[demand]), "")


def ended(state: State, item: WorkItem, now: int) -> list[e.Event]:
    """The exchange is over: wrap-up where the queue grants it or still demands something, else the item closes."""
    queue = state.queues.get(item.queue)
    wrap_up = queue.wrap_up(item.channel) if queue else 0
    if wrap_up or lacking(state, item):
        until = now + wrap_up if wrap_up else None
        return [e.WrapUpStarted(at=now, item=item.id, agent=item.agent, until=until)]
    return [completed(item, now)]


def completed(item: WorkItem, now: int) -> e.ItemClosed:
    """The item closes by itself, after its exchange."""
    return e.ItemClosed(at=now, item=item.id, outcome="completed", agent=item.agent, disposition=item.disposition)


def abandoned(item: WorkItem, now: int) -> list[e.Event]:
    """The customer left before an agent answered: whatever was being rung for is rescinded."""
    events: list[e.Event] = [
        e.ReservationEnded(at=now, item=item.id, agent=held.agent, reservation=held.id, outcome="rescinded")
        for held in item.ringing
    ]
    agent = item.agent if item.state == "active" else ""
    return [*events, e.ItemClosed(at=now, item=item.id, outcome="abandoned", agent=agent)]
