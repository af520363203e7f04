"""What several events do alike: an item moves to another state, leaves its agent; an agent starts to idle."""

from router.core import events as e
from router.core.evolving.pace import learn_handled
from router.core.item import HELD, ItemState, WorkItem
from router.core.presence import Presence
from router.core.state import State
from router.core.transitions import EVENTS


def start_idling(state: State, agent: str, at: int, *, worked: bool = True) -> None:
    """Longest idle counts from here: the agent is done with an item, or became available (`worked` is false when that
    was after a break)."""
    if agent in state.presences:
        presence = state.tally(agent)
        presence.idle_since = at
        presence.idle_seq = next_seq(state)
        if worked:
            presence.worked_at = at
            presence.worked_seq = presence.idle_seq


def next_seq(state: State) -> int:
    meta = state.edit_meta()
    meta.seq += 1
    return meta.seq


def move(state: State, id: str, event: e.Event) -> WorkItem:
    """The item, in the state that the table says `event` leads to."""
    item = state.edit_item(id)
    states, leads_to = EVENTS[type(event)]
    assert item.state in states, f"{type(event).__name__} on {id}, which is {item.state}"
    remember(item)
    if item.state == "active":
        _unpark(item, leads_to)
    item.state = leads_to
    return item


def _unpark(item: WorkItem, state: ItemState) -> None:
    """What is said of active items only ends; who wraps up what was silent may do so beyond their room."""
    item.woken = state == "wrapping" and (item.woken or item.silent)
    item.interrupted = item.silent = False
    item.silent_at = None


def remember(item: WorkItem) -> None:
    """Keep who accepted it: the last agent is preferred when it comes back."""
    if item.agent and item.accepted_at is not None:
        item.last_agent = item.agent


def leave_agent(state: State, item: WorkItem, at: int) -> None:
    """The item is its agent's no more."""
    free(state, item, at)
    item.reservation = None
    item.rivals = ()


def free(state: State, item: WorkItem, at: int) -> None:
    if item.agent and item.accepted_at is not None:
        learn_handled(state, item, at)
        start_idling(state, item.agent, at)
        end_work(state, item.agent, at)


def begin_work(state: State, agent: str, at: int) -> Presence:
    """The agent has taken an item: they are busy from here, if they were not."""
    presence = state.tally(agent)
    if presence.busy_since is None:
        presence.busy_since = at
    return presence


def end_work(state: State, agent: str, at: int) -> None:
    """An item that the agent worked on is theirs no more: the last one ends being busy."""
    presence = state.presences.get(agent)
    if presence is None or presence.busy_since is None:
        return
    held = state.holds.get(agent)
    if held is not None:
        for id in held:
            item = state.items[id]
            if item.accepted_at is not None and item.state in HELD:
                return
    presence = state.tally(agent)
    presence.busy += at - (presence.busy_since or 0)
    presence.busy_since = None
