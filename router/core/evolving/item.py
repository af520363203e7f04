"""How events about work items change state."""

from collections.abc import Callable
from typing import Any, Final

from router.core import events as e
from router.core import limits
from router.core.events.item import BY_HAND
from router.core.evolving.asking import withdraw
from router.core.evolving.bars import bar, unbar
from router.core.evolving.escalation import end_consult, tell_followers
from router.core.evolving.pace import learn_waited
from router.core.evolving.steps import begin_work, end_work, free, leave_agent, move, next_seq
from router.core.item import Reservation, WorkItem
from router.core.merged import before_it
from router.core.state import State


def _item_opened(state: State, event: e.ItemOpened) -> None:
    facts = event.facts
    item = WorkItem(
        id=event.item,
        conversation=event.conversation,
        channel=event.channel,
        requirement=state.placing.one(facts.requirement),
        wishes=facts.wishes,
        language=facts.language,
        category=facts.category,
        customer=facts.customer,
        entry_point=facts.entry_point,
        rules=facts.rules,
        call=event.call,
        attributes=facts.attributes,
        opened_at=event.at,
        first_entered_at=event.first_entered_at or event.at,
        last_agent=event.last_agent,
        related=event.related,
        reopens=event.reopens,
        reopen_count=event.reopen_count,
        split_from=event.split_from,
    )
    state.put("item", event.item, item)
    state.edit_conversation(event.conversation).item = event.item


def _item_queued(state: State, event: e.ItemQueued) -> None:
    item = move(state, event.item, event)
    if item.agent:
        _tell_returned(state, item, event)
        withdraw(state, item, event.at)
    if item.queue:
        leave_agent(state, item, event.at)
        _start_over(item)
    item.queue = state.queues[event.queue].id
    item.requirement = state.placing.one(event.requirement)
    item.wishes = event.wishes
    item.priority = event.priority
    item.due = event.due
    item.seq = event.seq
    item.only = event.only
    item.prefers = event.prefers
    item.entered_at = event.at
    if event.reason in BY_HAND:
        item.passed, item.moves_by_rule = (), 0
    if event.passed:
        item.passed = tuple(dict.fromkeys((*item.passed, *event.passed)))
    item.moves_by_rule += len(event.passed)
    if event.reason in ("opened", "overflowed"):
        state.enters(item)
    if event.only:
        unbar(item, event.only)
    item.overdue = event.overdue
    if event.last:
        item.last_agent = event.last
    if event.reason == "requeued":
        item.excepted = {item.asker: 0} if item.asker else None
        item.moves = item.moves_by_rule = 0
    meta = state.edit_meta()
    meta.seq = max(meta.seq, event.seq)


def _start_over(item: WorkItem) -> None:
    """What the item went through where it was before is over."""
    item.waited = 0
    item.agent = ""
    item.accepted_at = None
    item.answered = item.held = False
    item.expiries = item.connect_failures = 0
    item.wrap_until = item.pending_until = None
    item.pending_reason = ""
    item.pending_since = 0
    item.kept_until = None
    _forget_declines(item)


def _item_relaxed(state: State, event: e.ItemRelaxed) -> None:
    state.edit_item(event.item).waited = event.waited


def _preference_ended(state: State, event: e.PreferenceEnded) -> None:
    state.edit_item(event.item).prefers = ""


def _tell_returned(state: State, item: WorkItem, event: e.ItemQueued) -> None:
    """Remember for its agent, if they were not there, that the item was taken from them."""
    presence = state.presences.get(item.agent)
    if presence is not None and (event.reason == "absent" or not presence.clients):
        presence = state.edit_presence(item.agent)
        presence.returned = (*presence.returned, item.id)[-limits.RETURNED_KEPT_MAX :]


def _forget_declines(item: WorkItem) -> None:
    """What was declined in one queue is not in another, nor when it comes back; bars that have a time run out."""
    if item.excepted:
        unbar(item, *(agent for agent in item.declined_by if item.excepted.get(agent) == 0))
    item.declined_by = ()
    item.declines = 0


def _reservation_made(state: State, event: e.ReservationMade) -> None:
    item = move(state, event.item, event)
    made = Reservation(id=event.reservation, agent=event.agent, made_at=event.at, expires_at=event.expires_at)
    if item.reservation is None:
        item.agent = event.agent
        item.reservation = made
    else:
        item.rivals = (*item.rivals, made)
    state.edit_meta().reservation += 1
    if state.queues[event.queue].strategy == "round_robin":
        state.edit_presence(event.agent).turn = next_seq(state)


def _reservation_accepted(state: State, event: e.ReservationAccepted) -> None:
    item = move(state, event.item, event)
    assert item.agent == event.agent and not item.rivals, f"{event.item} is held for {item.holders}"
    learn_waited(state, item, event.at, left=False)
    item.accepted_at = event.at
    item.last_agent = event.agent
    item.expiries = 0
    if item.declined_by:
        item.declined_by = tuple(agent for agent in item.declined_by if agent != event.agent)
    begin_work(state, event.agent, event.at).handled += 1


def _reservation_ended(state: State, event: e.ReservationEnded) -> None:
    item = state.edit_item(event.item)
    rest = tuple(held for held in item.ringing if held.id != event.reservation)
    assert not item.ringing or len(rest) < len(item.ringing), f"{event.item} is held for {item.holders}"
    if rest:
        item.agent, item.reservation, item.rivals = rest[0].agent, rest[0], rest[1:]
    else:
        _let_go(state, move(state, event.item, event), event.at)
    if event.excepted_until:
        bar(item, event.agent, max(event.excepted_until, 0))
    if event.outcome == "expired":
        item.expiries += 1
    elif event.outcome == "declined":
        item.declines += 1
        others = tuple(agent for agent in item.declined_by if agent != event.agent)
        item.declined_by = (*others, event.agent)[-limits.EXCEPTIONS_MAX :]


def _let_go(state: State, item: WorkItem, at: int) -> None:
    if item.accepted_at is not None:
        end_work(state, item.agent, at)
    item.agent = ""
    item.reservation = None
    item.rivals = ()
    item.accepted_at = None


def _exceptions_lapsed(state: State, event: e.ExceptionsLapsed) -> None:
    unbar(state.edit_item(event.item), *event.agents)


def _item_transferred(state: State, event: e.ItemTransferred) -> None:
    state.edit_item(event.item).moves += bool(event.agent)


def _item_pending(state: State, event: e.ItemPending) -> None:
    item = move(state, event.item, event)
    free(state, item, event.at)
    item.accepted_at = None
    if not event.agent:
        item.agent, item.reservation = "", None
    item.pending_since = event.at
    item.pending_until = event.until
    item.pending_reason = event.reason
    item.wrap_until = None


def _item_resumed(state: State, event: e.ItemResumed) -> None:
    item = move(state, event.item, event)
    item.accepted_at = event.at
    begin_work(state, item.agent, event.at)
    item.pending_until = None
    item.pending_reason = ""
    item.pending_since = 0


def _item_reopened(state: State, event: e.ItemReopened) -> None:
    item = state.edit_item(event.item)
    item.reopen_count += event.reason == "customer"


def _wrap_up_started(state: State, event: e.WrapUpStarted) -> None:
    item = move(state, event.item, event)
    item.wrap_until = event.until
    item.held = False


def _wrap_up_extended(state: State, event: e.WrapUpExtended) -> None:
    move(state, event.item, event).wrap_until = None


def _item_kept(state: State, event: e.ItemKept) -> None:
    state.edit_item(event.item).kept_until = event.until


def _note_added(state: State, event: e.NoteAdded) -> None:
    state.edit_item(event.item)


def _category_changed(state: State, event: e.CategoryChanged) -> None:
    state.edit_item(event.item).category = event.category


def _outcome_changed(state: State, event: e.OutcomeChanged) -> None:
    state.edit_item(event.item).disposition = event.disposition


def _customer_linked(state: State, event: e.CustomerLinked) -> None:
    conversation = event.conversation
    if event.item in state.items:
        item = state.edit_item(event.item)
        item.customer = event.customer
        conversation = item.conversation
    if conversation in state.conversations:
        of_it = state.edit_conversation(conversation)
        of_it.customer = event.customer
        for item in before_it(state, state.items[of_it.item]):
            state.edit_item(item.id).customer = event.customer


def _item_stuck(state: State, event: e.ItemStuck) -> None:
    move(state, event.item, event)


def _item_closed(state: State, event: e.ItemClosed) -> None:
    item = move(state, event.item, event)
    if event.outcome == "abandoned" and not event.agent:
        learn_waited(state, item, event.at, left=True)
    leave_agent(state, item, event.at)
    item.closed_at = event.at
    item.kept_until = None
    item.outcome = event.outcome
    item.counted = event.counted
    withdraw(state, item, event.at)
    item.refused = event.reason
    item.disposition = event.disposition
    if event.category:
        item.category = event.category
    if item.followers:
        tell_followers(state, item, event)
    if item.consults:
        end_consult(state, item)


def _item_interrupted(state: State, event: e.ItemInterrupted) -> None:
    state.edit_item(event.item).interrupted = True


def _item_continued(state: State, event: e.ItemContinued) -> None:
    state.edit_item(event.item).interrupted = False


def _item_silenced(state: State, event: e.ItemSilenced) -> None:
    item = state.edit_item(event.item)
    item.silent_at = None
    item.silent = True
    item.woken = False


def _item_woken(state: State, event: e.ItemWoken) -> None:
    item = state.edit_item(event.item)
    item.silent = False
    item.woken = True


APPLY: Final[dict[type, Callable[[State, Any], None]]] = {
    e.WrapUpExtended: _wrap_up_extended,
    e.ItemKept: _item_kept,
    e.OutcomeChanged: _outcome_changed,
    e.CustomerLinked: _customer_linked,
    e.ItemOpened: _item_opened,
    e.ItemQueued: _item_queued,
    e.ItemRelaxed: _item_relaxed,
    e.PreferenceEnded: _preference_ended,
    e.ReservationMade: _reservation_made,
    e.ReservationAccepted: _reservation_accepted,
    e.ReservationEnded: _reservation_ended,
    e.ExceptionsLapsed: _exceptions_lapsed,
    e.ItemTransferred: _item_transferred,
    e.ItemPending: _item_pending,
    e.ItemResumed: _item_resumed,
    e.ItemReopened: _item_reopened,
    e.WrapUpStarted: _wrap_up_started,
    e.NoteAdded: _note_added,
    e.CategoryChanged: _category_changed,
    e.ItemInterrupted: _item_interrupted,
    e.ItemContinued: _item_continued,
    e.ItemSilenced: _item_silenced,
    e.ItemWoken: _item_woken,
    e.ItemStuck: _item_stuck,
    e.ItemClosed: _item_closed,
}
