"""Invariants: what is true of every state, whatever happened. Checked in tests and simulation, sampled in production.

The checks recompute everything from the records by the plainest code there is, so that a mistake in the indexes
or in the matching cannot hide behind itself.
"""

from collections import Counter

from router.core import limits
from router.core.agent import Agent
from router.core.capacity import parted
from router.core.classes import measure
from router.core.conversation import Conversation
from router.core.filters import refusal
from router.core.item import HELD, WorkItem
from router.core.state import State, load


def check(state: State) -> list[str]:
    """Everything that is wrong, in words; an empty list when all is well."""
    wrong = [f"{item.id}: {fault}" for item in state.items.values() for fault in _item_faults(state, item)]
    wrong += _conversation_faults(state)
    wrong += _question_faults(state)
    wrong += _index_faults(state)
    wrong += _interruption_faults(state)
    return wrong


def _interruption_faults(state: State) -> list[str]:
    """After each step exactly what gives way to something accepted, and does not fit beside it, is interrupted."""
    return [f"{agent}: not yet {event}" for agent in state.holds for event in parted(state, agent, 0)]


def unmatched(state: State) -> list[str]:
    """Waiting items that some agent could have right now. Empty after each step (work-conserving)."""
    return [
        f"{item.id} waits although {agent.id} is free"
        for item in state.items.values()
        if item.state == "queued"
        for agent in state.agents.values()
        if not refusal(state, item, agent)
    ]


def overfull(state: State) -> list[str]:
    """Agents who hold more than they have room for. Only a lowered capacity may lead there, never a reservation.

    What gives way to something else that they hold does not count, nor what is silent, nor what was and woke.
    """
    faults = []
    for id, held in state.holds.items():
        agent = state.agents[id]
        items = [state.items[item] for item in held]
        counts = Counter(str(item.channel) for item in items if not item.silent and not item.woken)
        load = sum(_weight(agent, channel, counts) * count for channel, count in counts.items())
        if load > agent.total or any(count > _maximum(agent, channel) for channel, count in counts.items()):
            faults.append(f"{id} holds {dict(counts)}")
    return faults


def _weight(agent: Agent, channel: str, held: Counter[str]) -> int:
    room = agent.rooms.get(channel)
    return 0 if room is None or any(by in held for by in room.interruptible_by) else room.weight


def _maximum(agent: Agent, channel: str) -> int:
    room = agent.rooms.get(channel)
    return room.maximum if room else 0


def _item_faults(state: State, item: WorkItem) -> list[str]:
    faults = []
    if item.conversation not in state.conversations and not (item.consults and item.state == "closed"):
        faults.append(f"its conversation {item.conversation} is gone")
    scheduled = item.state == "pending" and item.pending_until is not None
    mine = item.state in HELD or item.state == "pending"
    if mine != bool(item.agent) and item.state != "closed" and not scheduled:
        faults.append(f"it is {item.state} and its agent is {item.agent!r}")
    if item.state == "reserved" and (item.reservation is None or item.reservation.agent != item.agent):
        faults.append("it is reserved and the reservation is not its agent's")
    faults += _held_faults(item)
    if item.state in ("queued", "stuck") and item.reservation is not None:
        faults.append(f"it is {item.state} and still reserved")
    faults += [
        f"it is with {agent}, who is barred from it"
        for agent in item.holders
        if item.state in HELD and agent in item.barred
    ]
    if item.state != "closed" and item.queue not in state.queues:
        faults.append(f"its queue {item.queue!r} is gone")
    if item.state == "closed" and any(question.open for question in item.questions):
        faults.append("it is closed and somebody is still asked about it")
    faults += _consult_faults(state, item)
    if len(set(item.passed)) < len(item.passed) or len(item.passed) > limits.MOVES_BY_RULE_MAX:
        faults.append(f"rules moved it over {item.passed}")
    if item.first_entered_at > item.entered_at:
        faults.append("it entered its queue before it entered the house")
    return faults


def _held_faults(item: WorkItem) -> list[str]:
    """At most one agent handles it; it is held for each of several once; what is said of active items is of those."""
    faults = []
    if item.rivals and item.state != "reserved":
        faults.append(f"it is {item.state} and held for {item.holders}")
    if len(set(item.holders)) < len(item.holders):
        faults.append(f"it is held twice for one of {item.holders}")
    if item.state != "active" and (item.interrupted or item.silent or item.silent_at is not None):
        faults.append(f"it is {item.state}, and interrupted or silent")
    if item.silent and item.silent_at is not None:
        faults.append("it is silent, and will be")
    return faults


def _consult_faults(state: State, item: WorkItem) -> list[str]:
    faults = [f"its consult {id} is gone or over" for id in item.consultations if not _open_consult(state, id, item)]
    if item.consults and item.state != "closed" and item.id not in state.items[item.consults].consultations:
        faults.append(f"nobody knows that it is about {item.consults}")
    if item.consults and item.agent == item.asker and item.agent:
        faults.append(f"{item.agent} was asked what they asked")
    return faults


def _open_consult(state: State, id: str, about: WorkItem) -> bool:
    consult = state.items.get(id)
    return consult is not None and consult.state != "closed" and consult.consults == about.id


def _conversation_faults(state: State) -> list[str]:
    return [
        f"{conversation.id}: {fault}"
        for conversation in state.conversations.values()
        for fault in _faults_of(state, conversation)
    ]


def _faults_of(state: State, conversation: Conversation) -> list[str]:
    faults = []
    if conversation.item not in state.items:
        faults.append(f"its item {conversation.item!r} is gone")
    elif conversation.merged_into:
        into = state.conversations.get(conversation.merged_into)
        if into is None or conversation.id not in into.merged:
            faults.append(f"it goes on in {conversation.merged_into!r}, which does not know of it")
        if state.items[conversation.item].state != "closed":
            faults.append(f"it goes on in {conversation.merged_into!r}, and its item is open")
    if any(state.conversations[id].merged_into != conversation.id for id in conversation.merged):
        faults.append("something is part of it that does not know of it")
    return faults


def _question_faults(state: State) -> list[str]:
    """Whoever is asked has the item in their presence, and nobody else."""
    asked: dict[str, set[str]] = {}
    for item in state.items.values():
        for agent in (to for question in item.questions if question.open for to in question.to):
            asked.setdefault(agent, set()).add(item.id)
    return [
        f"{id}: is asked about {asked.get(id)} and has {presence.asked}"
        for id, presence in state.presences.items()
        if asked.get(id, set()) != set(presence.asked)
    ]


def _index_faults(state: State) -> list[str]:
    """The derived indexes equal those of a state loaded afresh from the same records."""
    fresh = load(state.records(), routing=state.routing)
    pairs = {
        "holds": (state.holds, fresh.holds),
        "quiet": (state.quiet, fresh.quiet),
        "parked": ({k: v for k, v in state.parked.items() if v}, fresh.parked),
        "calls": (state.calls, fresh.calls),
        "callbacks": (sorted(state.callbacks), sorted(fresh.callbacks)),
        "threads": (state.threads, fresh.threads),
        "followed": (state.followed, fresh.followed),
        "naturals": (state.naturals, fresh.naturals),
        "deadlines": (list(state.deadlines), list(fresh.deadlines)),
        "idlers": (_idlers(state), _idlers(fresh)),
        "lines": (_lines(state), _lines(fresh)),
        "crews": (state.crews.by_agent(), fresh.crews.by_agent()),
    }
    return [f"index {name} differs from its records" for name, (has, should) in pairs.items() if has != should]


def _idlers(state: State) -> dict[str, tuple[object, ...]]:
    used = dict.fromkeys(measure(queue) for queue in state.queues.values())
    return {
        agent: (profile.key, channels, {measured: state.lines.place_of(agent, measured) for measured in used})
        for agent, profile, channels in state.lines.idlers()
    }


def _lines(state: State) -> dict[object, list[object]]:
    return {found.key: list(found.line) for found in state.lines.classes()}
