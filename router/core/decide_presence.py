"""Decisions about presence: which clients prove that an agent is there, and what the agent says."""

from typing import assert_never

from router.core import commands as c
from router.core import events as e
from router.core import limits
from router.core.decide_item import moved
from router.core.decision import Decision, code_known, no, released
from router.core.item import WorkItem
from router.core.presence import SIGNED_OUT
from router.core.rejections import Rejection
from router.core.state import State
from router.core.vanish import back, given_back, left_behind


def connect_client(state: State, command: c.ConnectClient, now: int) -> Decision:
    """A client is there. Saying it twice changes nothing; what was kept for an agent who vanished is theirs again."""
    agent = state.agents.get(command.agent)
    if agent is None:
        return no("unknown_agent", command.agent)
    if agent.disabled:
        return no("agent_disabled", command.agent)
    clients = state.presences[command.agent].clients
    if command.client in clients:
        return []
    if len(clients) >= limits.CLIENTS_MAX:
        return no("full", command.agent)
    connected = e.ClientConnected(at=now, agent=command.agent, client=command.client, gateway=command.gateway)
    return [connected, *back(state, command.agent, now)]


def lose_client(state: State, command: c.LoseClient, now: int) -> Decision:
    """A client is gone. The agent stays signed on for the grace period, but gets nothing new."""
    presence = state.presences.get(command.agent)
    if presence is None:
        return no("unknown_agent", command.agent)
    if command.client not in presence.clients:
        return []
    return [e.ClientLost(at=now, agent=command.agent, client=command.client)]


def lose_gateway(state: State, command: c.LoseGateway, now: int) -> Decision:
    """All clients of a gateway are gone."""
    return [
        e.ClientLost(at=now, agent=presence.agent, client=client)
        for presence in state.presences.values()
        for client, gateway in presence.clients.items()
        if gateway == command.gateway
    ]


def set_presence(state: State, command: c.SetPresence, now: int) -> Decision:
    """What the agent says. Whoever becomes unavailable lets go of what is reserved for them; who goes offline without
    signing out leaves the rest as somebody who vanished."""
    agent = state.agents.get(command.agent)
    if agent is None:
        return no("unknown_agent", command.agent)
    presence = state.presences[command.agent]
    if command.state == "available" and agent.disabled:
        return no("agent_disabled", command.agent)
    if command.state == "available" and not presence.clients:
        return no("not_connected", command.agent)
    if command.state == "not_ready" and not code_known(state, "not_ready", command.reason):
        return no("unknown_code" if command.reason else "reason_required", command.agent)
    reason = command.reason if command.state == "not_ready" else ""
    if reason and command.after and presence.state == "available" and state.holds.get(agent.id):
        planned = e.NotReadyPlanned(at=now, agent=agent.id, reason=reason)
        return [] if presence.next == reason else [planned]
    if (presence.state, presence.reason, presence.next) == (command.state, reason, ""):
        return []
    changed = e.PresenceChanged(at=now, agent=command.agent, state=command.state, reason=reason)
    returned = back(state, agent.id, now) if presence.clients else []
    match command.state:
        case "available":
            return [changed, *returned, *_forgiven(state, agent.id, now)]
        case "not_ready":
            forgiven = _forgiven(state, agent.id, now)
            return [changed, *returned, *forgiven, *let_go(state, agent.id, now, "not_ready")]
        case "offline":
            return [changed, *(event for _, left in left_behind(state, agent.id, now) for event in left)]
        case never:
            assert_never(never)


def _forgiven(state: State, agent: str, now: int) -> list[e.Event]:
    """What the agent declined until they would have been offline, which they were: it may come to them again."""
    remembering = [queue.id for queue in state.queues.values() if queue.decline_until == "return"]
    if not remembering or state.presences[agent].state != "offline":
        return []
    waiting = [id for queue in remembering for id in state.lines.waiting_in(queue)]
    ringing = [id for held in state.holds.values() for id in held if state.items[id].state == "reserved"]
    return [
        e.ExceptionsLapsed(at=now, item=id, agents=(agent,))
        for id in dict.fromkeys((*waiting, *ringing))
        if agent in state.items[id].declined_by and state.items[id].barred.get(agent) == 0
    ]


def force_presence(state: State, command: c.ForcePresence, now: int) -> Decision:
    """A supervisor says it: the same as if the agent had."""
    said = c.SetPresence(agent=command.agent, state=command.state, reason=command.reason)
    return set_presence(state, said, now)


def sign_out(state: State, command: c.SignOut, now: int) -> Decision:
    """The agent goes home, having said of each item what becomes of it. Reserved ones go back to their places."""
    agent = command.agent
    if agent not in state.agents:
        return no("unknown_agent", agent)
    mine = {id: state.items[id] for id in state.theirs(agent)}
    unknown = next((id for id in command.choices if id not in mine), "")
    if unknown:
        return no("not_yours", unknown)
    events = let_go(state, agent, now, "offline")
    for item in mine.values():
        parting = _parting(state, item, command.choices.get(item.id, ""), now, len(events) + 1)
        if isinstance(parting, Rejection):
            return parting
        events += parting
    return [*events, e.PresenceChanged(at=now, agent=agent, state="offline", reason=SIGNED_OUT)]


def _parting(state: State, item: WorkItem, choice: str, now: int, offset: int) -> Decision:
    """What the leaving agent's choice for one item leads to. A wrap-up that has a time may run out by itself."""
    if item.state == "reserved":
        return []
    if item.on_call:
        return no("call_active", item.id)
    match choice:
        case "" if item.state == "wrapping" and item.wrap_until is not None:
            return []
        case "":
            return no("still_yours", item.id)
        case "keep" if item.channel == "chat" and item.state == "active":
            return no("cannot_keep", item.id)
        case "keep":
            return []
        case "return":
            return [given_back(state, item, now, offset, reason="returned")]
        case item.agent:
            return no("bad_value", item.id)
        case _:
            return moved(state, item, now, by=item.agent, to_agent=choice, offset=offset)


def stand_down(state: State, agent: str, now: int) -> list[e.PresenceChanged]:
    """Who wants to be not ready after what they hold, and holds nothing any more, is so."""
    presence = state.presences.get(agent)
    if presence is None or not presence.next or agent in state.holds:
        return []
    return [e.PresenceChanged(at=now, agent=agent, state="not_ready", reason=presence.next)]


def let_go(state: State, agent: str, now: int, reason: str) -> list[e.Event]:
    """Everything that is reserved for the agent and not accepted goes back to its place."""
    held = state.holds.get(agent, {})
    return [event for item in held for event in released(state.items[item], now, reason, agent)]
