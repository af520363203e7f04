"""References that customers quote: which conversation one leads to, and what that allows.

A reference is short and can be guessed. So it brings somebody back only into a conversation of their own; to everybody
else it does nothing but show the agent the item that it names. Who quotes one learns nothing by it.
"""

import msgspec

from channels.entry import Given
from channels.thread import remembered
from queues.queue import ChannelName
from router.core.facts import Facts
from router.core.merged import going_on
from router.core.reference import canonical
from router.gateway import EventRefused, Gateway, History, Thread

UNKNOWN = "reference_unknown"
"""The attribute that shows the agent a reference that leads nowhere."""


class Quote(msgspec.Struct, frozen=True, kw_only=True):
    """What a reference leads to: nothing (`item` is empty) or a conversation and its latest item.

    `customer` is who they are by now: the address may have been linked since. `before` is how far the conversation
    has come.
    """

    reference: str = ""
    conversation: str = ""
    item: str = ""
    channel: str = ""
    customer: str = ""
    before: Thread | None = None

    def going_on(self, channel: ChannelName, customer: str) -> str:
        """The conversation, if a message of this customer on this channel goes on with it by quoting it; else ''."""
        own = self.customer and (self.channel, self.customer) == (channel, customer)
        return self.conversation if own else ""

    def noted(self, given: Given) -> Given:
        """What an event says, with the reference as an attribute when nothing is called so."""
        if not self.reference or self.item:
            return given
        return msgspec.structs.replace(given, attributes={**given.attributes, UNKNOWN: self.reference})

    def marked(self, facts: Facts, conversation: str) -> Facts:
        """The facts of what comes into this conversation: the one that was quoted, or one beside it."""
        if conversation == self.conversation:
            return msgspec.structs.replace(facts, quotes=self.reference)
        return msgspec.structs.replace(facts, related=self.item)


async def quoted(gateway: Gateway, history: History, reference: str) -> Quote:
    """What this reference, in its one form, leads to; '' leads to nothing.

    History is asked whatever the state knows: the time it takes tells nobody what there is.
    """
    if not reference:
        return Quote()
    thread = await history.find_reference(reference)
    state = gateway.state
    conversation = state.conversations.get(state.references.get(reference, ""))
    if conversation is not None:
        conversation = going_on(state, conversation)
        return Quote(
            reference=reference,
            conversation=conversation.id,
            item=conversation.item,
            channel=conversation.channel,
            customer=history.whose(conversation.customer),
            before=remembered(state, conversation.id),
        )
    if thread is None:
        return Quote(reference=reference)
    return Quote(
        reference=reference,
        conversation=thread.conversation,
        item=thread.item,
        channel=thread.channel,
        customer=history.whose(thread.customer),
        before=thread,
    )


def checked(reference: str, pointer: str = "/data/reference") -> str:
    """A reference as somebody wrote it, in its one form; '' for none. Raises EventRefused (`bad_reference`)."""
    found = canonical(reference)
    if reference.strip() and not found:
        detail = "this is none of our references: check its digits, or leave it out"
        raise EventRefused("bad_reference", detail, pointer, 422)
    return found
