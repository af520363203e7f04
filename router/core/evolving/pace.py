"""What events teach of handling times and patience."""

from queues.queue import CHANNELS
from router.core.item import WorkItem
from router.core.pace import Pace, pace_id
from router.core.state import State


def learn_handled(state: State, item: WorkItem, at: int) -> None:
    """The item leaves the agent who accepted it."""
    if item.accepted_at is not None and item.queue:
        _edited(state, item).add_handled(at - item.accepted_at)


def learn_waited(state: State, item: WorkItem, at: int, *, left: bool) -> None:
    """The item was accepted, or its customer left: what waited for one agent by name says nothing of its queue."""
    if item.queue and not item.only:
        _edited(state, item).add_waited(at - item.entered_at, left=left)


def _edited(state: State, item: WorkItem) -> Pace:
    id = pace_id(item.queue, item.channel)
    if id not in state.paces:
        state.put("pace", id, Pace(id=id, queue=item.queue, channel=item.channel))
    return state.edit_pace(id)


def forget_paces(state: State, queue: str) -> None:
    """The queue is gone."""
    for channel in CHANNELS:
        if pace_id(queue, channel) in state.paces:
            state.drop("pace", pace_id(queue, channel))
