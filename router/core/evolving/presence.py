"""How events about presence change state."""

from collections.abc import Callable
from typing import Any, Final

from router.core import events as e
from router.core.evolving.steps import start_idling
from router.core.state import State


def _client_connected(state: State, event: e.ClientConnected) -> None:
    presence = state.edit_presence(event.agent)
    presence.clients[event.client] = event.gateway
    presence.lost_at = None


def _client_lost(state: State, event: e.ClientLost) -> None:
    presence = state.edit_presence(event.agent)
    del presence.clients[event.client]
    if not presence.clients:
        presence.lost_at = event.at


def _presence_changed(state: State, event: e.PresenceChanged) -> None:
    presence = state.edit_presence(event.agent)
    signs_on = presence.state == "offline" and event.state != "offline"
    if signs_on:
        presence.handled = presence.busy = 0
        presence.busy_since = event.at if presence.busy_since is not None else None
    presence.state = event.state
    presence.reason = event.reason
    presence.since = event.at
    presence.next = ""
    if event.state == "offline":
        presence.lost_at = None
    elif not presence.clients and presence.lost_at is None:
        presence.lost_at = event.at
    if event.state == "available":
        presence.returned = ()
        start_idling(state, event.agent, event.at, worked=signs_on)


def _not_ready_planned(state: State, event: e.NotReadyPlanned) -> None:
    state.edit_presence(event.agent).next = event.reason


APPLY: Final[dict[type, Callable[[State, Any], None]]] = {
    e.ClientConnected: _client_connected,
    e.ClientLost: _client_lost,
    e.PresenceChanged: _presence_changed,
    e.NotReadyPlanned: _not_ready_planned,
}
