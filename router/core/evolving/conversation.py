"""How events about conversations, messages and deliveries change state."""

from collections.abc import Callable
from typing import Any, Final

from router.core import events as e
from router.core import limits
from router.core.capacity import silence
from router.core.conversation import Conversation, Delivery
from router.core.reference import reference
from router.core.state import State


def _conversation_opened(state: State, event: e.ConversationOpened) -> None:
    conversation = Conversation(
        id=event.conversation,
        channel=event.channel,
        customer=event.customer,
        language=event.language,
        address=event.address,
        seq=event.seq,
        reference=event.reference,
        split_from=event.split_from,
    )
    state.put("conversation", event.conversation, conversation)
    if event.reference == reference(state.meta.reference + 1):
        state.edit_meta().reference += 1


def _message_received(state: State, event: e.MessageReceived) -> None:
    conversation = _add_message(state, event)
    conversation.gone = False
    if event.message.automatic and conversation.replied == event.seq - 1 and conversation.replied:
        conversation.replied = event.seq
    if state.items[event.item].silent_at is not None:
        state.edit_item(event.item).silent_at = None


def _reply_sent(state: State, event: e.ReplySent) -> None:
    conversation = _add_message(state, event)
    conversation.last_agent = event.agent
    conversation.replied = event.seq
    _listen(state, event)
    if event.delivery:
        conversation.deliveries = (*conversation.deliveries, event.delivery)
        delivery = Delivery(
            id=event.delivery,
            conversation=event.conversation,
            item=event.item,
            message=event.message.id,
            content=event.message.content,
            channel=event.channel,
            agent=event.agent,
            at=event.at,
        )
        state.put("delivery", event.delivery, delivery)


def _listen(state: State, event: e.ReplySent) -> None:
    """From here on the customer's silence counts, where the agent's room says that it does."""
    item = state.items[event.item]
    ticks = silence(state, event.agent, event.channel) if item.state == "active" and not item.silent else 0
    if ticks or item.silent_at is not None:
        state.edit_item(event.item).silent_at = event.at + ticks if ticks else None


def _add_message(state: State, event: e.MessageReceived | e.ReplySent) -> Conversation:
    conversation = state.edit_conversation(event.conversation)
    conversation.seq = event.seq
    message = event.message
    _add_thread_keys(conversation, message.thread_keys)
    if message.natural_key:
        keys = (*conversation.natural_keys, message.natural_key)
        conversation.natural_keys = keys[-limits.MESSAGES_KEYS_KEPT_MAX :]
    return conversation


def _add_thread_keys(conversation: Conversation, keys: tuple[str, ...]) -> None:
    new = tuple(key for key in keys if key not in conversation.thread_keys)
    if new:
        conversation.thread_keys = (*conversation.thread_keys, *new)[-limits.MESSAGES_KEYS_KEPT_MAX :]


def _messages_seen(state: State, event: e.MessagesSeen) -> None:
    conversation = state.edit_conversation(event.conversation)
    conversation.seen = {**(conversation.seen or {}), event.side: event.up_to}


def _customer_left(state: State, event: e.CustomerLeft) -> None:
    state.edit_conversation(event.conversation).gone = True


def _delivery_started(state: State, event: e.DeliveryStarted) -> None:
    delivery = state.edit_delivery(event.delivery)
    delivery.state = "sending"
    delivery.attempt = event.attempt
    delivery.at = event.at


def _delivery_ended(state: State, event: e.DeliveryEnded) -> None:
    delivery = state.edit_delivery(event.delivery)
    delivery.state = event.state
    delivery.code = event.code
    delivery.at = event.at
    if delivery.conversation in state.conversations:
        _add_thread_keys(state.edit_conversation(delivery.conversation), event.thread_keys)
    elif event.state == "sent":
        state.drop("delivery", event.delivery)


def _delivery_retried(state: State, event: e.DeliveryRetried) -> None:
    delivery = state.edit_delivery(event.delivery)
    delivery.state = "queued"
    delivery.agent = event.agent
    delivery.at = event.at


APPLY: Final[dict[type, Callable[[State, Any], None]]] = {
    e.ConversationOpened: _conversation_opened,
    e.MessageReceived: _message_received,
    e.ReplySent: _reply_sent,
    e.MessagesSeen: _messages_seen,
    e.CustomerLeft: _customer_left,
    e.DeliveryStarted: _delivery_started,
    e.DeliveryEnded: _delivery_ended,
    e.DeliveryRetried: _delivery_retried,
}
