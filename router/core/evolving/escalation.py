"""How events about what went to specialists, and about consults, change state."""

from collections.abc import Callable
from typing import Any, Final

from router.core import events as e
from router.core import limits
from router.core.evolving.bars import bar_for_good, unbar
from router.core.item import Passed, WorkItem
from router.core.presence import FollowedEnd
from router.core.state import State


def _item_escalated(state: State, event: e.ItemEscalated) -> None:
    item = state.edit_item(event.item)
    item.escalations += 1
    passed = Passed(queue=event.from_queue, agent=event.agent, requirement=item.requirement, wishes=item.wishes)
    item.way = (*item.way, passed)[-limits.WAY_MAX :]
    if not event.agent:
        item.moves_by_rule += 1
        return
    item.moves += 1
    bar_for_good(item, event.agent)
    _follow(state, item, event.agent)


def _follow(state: State, item: WorkItem, agent: str) -> None:
    if agent not in item.followers:
        state.set_followers(item, (*item.followers, agent)[-limits.FOLLOWERS_MAX :])


def _item_returned(state: State, event: e.ItemReturned) -> None:
    item = state.edit_item(event.item)
    item.moves += 1
    item.way = item.way[:-1]
    unbar(item, event.prefers)


def _item_followed(state: State, event: e.ItemFollowed) -> None:
    item = state.items.get(event.item)
    if event.follow:
        _follow(state, state.edit_item(event.item), event.agent)
        return
    if item is not None and event.agent in item.followers:
        item = state.edit_item(event.item)
        state.set_followers(item, tuple(agent for agent in item.followers if agent != event.agent))
    presence = state.edit_presence(event.agent)
    presence.ended = tuple(end for end in presence.ended if end.item != event.item)


def _item_overdue(state: State, event: e.ItemOverdue) -> None:
    state.edit_item(event.item).overdue = True


def tell_followers(state: State, item: WorkItem, event: e.ItemClosed) -> None:
    """Who follows an item is told of its end, until they have read it."""
    conversation = state.conversations.get(item.conversation)
    end = FollowedEnd(
        item=item.id,
        conversation=item.conversation,
        reference=conversation.reference if conversation is not None else "",
        channel=item.channel,
        queue=item.queue,
        customer=item.customer,
        outcome=event.outcome,
        disposition=event.disposition,
        first_entered_at=item.first_entered_at,
        entered_at=item.entered_at,
        closed_at=event.at,
    )
    for agent in item.followers:
        if agent in state.presences and agent != event.agent:
            presence = state.edit_presence(agent)
            presence.ended = (*presence.ended, end)[-limits.ENDED_KEPT_MAX :]
    state.set_followers(item, ())


def _consult_opened(state: State, event: e.ConsultOpened) -> None:
    about = state.edit_item(event.item)
    about.consultations = (*about.consultations, event.consult)
    consult = WorkItem(
        id=event.consult,
        conversation=about.conversation,
        channel=about.channel,
        language=about.language,
        category=about.category,
        customer=about.customer,
        opened_at=event.at,
        first_entered_at=event.at,
        consults=event.item,
        asker=event.agent,
        warm=event.warm,
        escalation=event.reason,
        excepted={event.agent: 0},
    )
    state.put("item", event.consult, consult)


def _consult_answered(state: State, event: e.ConsultAnswered) -> None:
    state.edit_item(event.item).answers += 1


def _consult_ended(state: State, event: e.ConsultEnded) -> None:
    state.edit_item(event.item)


def end_consult(state: State, consult: WorkItem) -> None:
    """The item that was asked about is asked about no more in this consult."""
    if consult.consults in state.items:
        about = state.edit_item(consult.consults)
        about.consultations = tuple(id for id in about.consultations if id != consult.id)


def _item_handed_over(state: State, event: e.ItemHandedOver) -> None:
    state.edit_item(event.item)


APPLY: Final[dict[type, Callable[[State, Any], None]]] = {
    e.ItemEscalated: _item_escalated,
    e.ItemReturned: _item_returned,
    e.ItemFollowed: _item_followed,
    e.ItemOverdue: _item_overdue,
    e.ConsultOpened: _consult_opened,
    e.ConsultAnswered: _consult_answered,
    e.ConsultEnded: _consult_ended,
    e.ItemHandedOver: _item_handed_over,
}
