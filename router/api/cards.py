"""Cards of customers as the API needs them: also of somebody who came a moment ago, whose card is not written yet."""

import asyncio

import msgspec

from router.api import limits
from router.api.deps import Deps
from router.core.item import WorkItem
from router.core.state import State
from router.gateway import Content, CustomerAddress
from router.runtime.customers import Card

_content = msgspec.json.Decoder(Content)


async def card_of(deps: Deps, customer: str) -> Card | None:
    """The card of a customer, or what it will be once the archive has their first contact; None for nobody.

    Who is known by an address only that is somebody else's by now is that somebody. Raises StoreError.
    """
    for id in dict.fromkeys((customer, deps.history.whose(customer))):
        card = await deps.customers.card(id) if id else None
        if card is not None:
            return card
    item = await _item_of(deps.gateway.state, customer)
    if item is not None:
        return await _first_card(deps, item)
    contacts = await deps.customers.contacts(customer, 1)
    return Card(id=customer, created_at_ms=contacts[0].opened_at_ms) if contacts else None


async def address_of(deps: Deps, item: WorkItem) -> CustomerAddress | None:
    """What whoever the item came from is known by; None when they did not show it, or it was erased."""
    return (await _contact(deps, item)).known_by


async def _contact(deps: Deps, item: WorkItem) -> Content:
    conversation = deps.gateway.state.conversations.get(item.conversation)
    if conversation is None or not conversation.address:
        return Content()
    (data,) = await deps.gateway.contents([conversation.address])
    return Content() if data is None else _content.decode(data)


async def _first_card(deps: Deps, item: WorkItem) -> Card:
    """As the archive makes it. An address that was linked to somebody else meanwhile is not theirs."""
    contact = await _contact(deps, item)
    address = contact.known_by
    theirs = address is not None and deps.history.whose(address.key) == item.customer
    return Card(
        id=item.customer,
        name=contact.name,
        language=item.language,
        addresses=(address,) if address is not None and theirs else (),
        created_at_ms=item.opened_at,
    )


async def _item_of(state: State, customer: str) -> WorkItem | None:
    """An item of theirs in memory, the latest first; in slices between which others may run."""
    ids = list(reversed(state.items))
    for start in range(0, len(ids), limits.SCAN_SLICE):
        for id in ids[start : start + limits.SCAN_SLICE]:
            item = state.items.get(id)
            if item is not None and item.customer == customer:
                return item
        await asyncio.sleep(0)
    return None
