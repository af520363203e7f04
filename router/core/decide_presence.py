"""Decisions about presence: which clients prove that an agent is there, and what the agent says."""

from router.core import commands as c
from router.core import events as e
from router.core import limits
from router.core.decision import Decision, code_known, no, released
from router.core.state import State


def connect_client(state: State, command: c.ConnectClient, now: int) -> Decision:
    """A client is there. Saying it twice changes nothing."""
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
    return [e.ClientConnected(at=now, agent=command.agent, client=command.client, gateway=command.gateway)]


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
    """What the agent says. Whoever becomes unavailable lets go of what is reserved for them."""
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
    if (presence.state, presence.reason) == (command.state, reason):
        return []
    changed = e.PresenceChanged(at=now, agent=command.agent, state=command.state, reason=reason)
    return [changed] if command.state == "available" else [changed, *let_go(state, command.agent, now, command.state)]


def let_go(state: State, agent: str, now: int, reason: str) -> list[e.Event]:
    """Everything that is reserved for the agent and not accepted goes back to its place."""
    held = state.holds.get(agent, {})
    return [event for item in held for event in released(state.items[item], now, reason)]
