"""Customers: who contacts us. The port; `router.archive` keeps them in SQL.

The log knows a customer by an id only. By default that is the key of the address they used first, so nothing has to
be looked up when somebody calls; where an agent said whose an address is, it leads to that customer instead.
"""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from router.gateway import CustomerAddress, Traits
from router.runtime.acts import Act


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """That somebody made sure who the customer is: how (a code of the house), when (Unix ms), and who did."""

    how: str
    at_ms: int
    by: str


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a customer. `revision` 0: as they first came, nobody has edited it. `tags` are short words in
    alphabetical order, by which rules of classification know the customer."""

    id: str
    name: str = ""
    language: str = ""
    addresses: tuple[CustomerAddress, ...] = ()
    identity: Identity | None = None
    notes: str = ""
    tags: tuple[str, ...] = ()
    created_at_ms: int = 0
    revision: int = 0


class Contact(msgspec.Struct, frozen=True, kw_only=True):
    """One item of a customer, as the archive has it. `closed_at_ms` is None while it is open."""

    item: str
    conversation: str
    reference: str
    channel: str
    queue: str
    category: str
    disposition: str
    outcome: str
    opened_at_ms: int
    closed_at_ms: int | None


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """Some of the cards that a search found, by name, and the cursor of those after them ('' at the end)."""

    cards: list[Card]
    cursor: str = ""


class StaleCard(Exception):
    """The card was edited since it was read. `current` is what it is now."""

    def __init__(self, current: Card) -> None:
        super().__init__(f"customer {current.id} is at revision {current.revision}")
        self.current = current


class AddressTaken(Exception):
    """An address belongs to another customer. `place` is its place among the card's addresses."""

    def __init__(self, place: int, customer: str) -> None:
        super().__init__(f"address {place} belongs to {customer}")
        self.place = place
        self.customer = customer


class Customers(Protocol):
    """Cards of customers. Every write leaves a row in the audit, in the same transaction. All raise StoreError."""

    async def card(self, id: str) -> Card | None:
        """The card of this customer, None when there is none (yet: the archive makes it with the first contact)."""
        ...

    async def traits(self, id: str) -> Traits:
        """What classification asks of this customer, in one query; nothing of somebody who is not known."""
        ...

    async def contacts(self, id: str, limit: int) -> Sequence[Contact]:
        """The customer's latest items that the archive has, the latest first."""
        ...

    async def search(self, text: str, *, number: str = "", after: str = "", limit: int) -> Found:
        """Cards by name, part of an address, or id, `limit` of them from where the cursor `after` stopped.

        `number` is the text as a phone number in its one form, if it can be one.
        """
        ...

    async def put(self, card: Card, *, act: Act, take: bool = False) -> Card:
        """Make the card, or change the one of this revision; with the addresses it names and no other.

        With `take`, an address of another customer becomes theirs. Raises StaleCard and AddressTaken.
        """
        ...

    async def link(self, card: Card, address: CustomerAddress, *, act: Act) -> None:
        """From now on the address is this customer's, whosever it was. A card that was never written is made."""
        ...
