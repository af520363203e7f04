"""Customers in SQL, with a directory in memory of the addresses that lead to somebody else than their key says.

Intake asks it for every contact, so that may not cost a query. What this node writes is in it at once; what other
nodes and the archiver write, a second later. Cards are written one at a time over all nodes: whose an address is
when it was asked, it still is when that is written.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Final, NoReturn

import msgspec
import structlog
from sqlalchemy import Connection, Row, Select, bindparam, desc, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from router.archive import deeds, limits
from router.archive.database import Database
from router.archive.newcomers import CARDS, next_link
from router.archive.schema import conversations, customer_addresses, customers, items
from router.archive.search import by_name, folded, found_by
from router.gateway import CustomerAddress, StoreError, Traits
from router.runtime.acts import Act
from router.runtime.customers import AddressTaken, Card, Contact, Found, Identity, StaleCard

log = structlog.stdlib.get_logger()

_FIELDS: Final = ("name", "language", "identity", "notes", "tags")

_CONTACTS: Final = (
    select(
        items.c.id.label("item"),
        *(items.c[name] for name in ("conversation", "channel", "queue", "category", "disposition", "outcome")),
        *(items.c[name] for name in ("opened_at_ms", "closed_at_ms")),
        conversations.c.reference,
    )
    .join_from(items, conversations, items.c.conversation == conversations.c.id)
    .where(items.c.consults == "")
)


_TRAITS: Final = select(customers.c.tags, customers.c.language).where(customers.c.id == bindparam("id"))


class SqlCustomers:
    """Implements `router.runtime.customers.Customers`, and says `whose` an address is."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._links: dict[str, tuple[int, str]] = {}
        self._seen = 0

    # -- the directory --------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Read the directory. Raises StoreError."""
        await self._reread()

    async def run(self) -> NoReturn:
        """Read again and again what others wrote, until cancelled. What was read counts while the data base is away."""
        while True:
            await asyncio.sleep(limits.LINKS_REREAD_S)
            try:
                await self._reread()
            except StoreError as error:
                log.warning("customers_not_reread", reason=str(error))

    def whose(self, key: str) -> str:
        """The customer whose address has this key: the one named after it unless it was linked; '' for nobody."""
        link = self._links.get(key)
        return key if link is None else link[1]

    async def _reread(self) -> None:
        links = await self._database.ask(partial(_links, self._seen))
        for key, customer, link in links:
            self._learn(key, customer or "", link)
            self._seen = max(self._seen, link)

    def _learn(self, key: str, customer: str, link: int) -> None:
        """What is read may be older than what this node has just written."""
        known, _ = self._links.get(key, (0, ""))
        if link >= known:
            self._links[key] = (link, customer)

    # -- reading --------------------------------------------------------------------------------------------

    async def card(self, id: str) -> Card | None:
        """See `Customers`."""
        async with self._database.reading() as connection:
            return await _card(connection, id)

    async def traits(self, id: str) -> Traits:
        """See `Customers`."""
        row = await self._database.ask(lambda connection: connection.execute(_TRAITS, {"id": id}).one_or_none())
        return Traits() if row is None else Traits(tags=tuple(row.tags.split()), language=row.language)

    async def contacts(self, id: str, limit: int) -> Sequence[Contact]:
        """See `Customers`."""
        theirs = or_(items.c.customer == id, items.c.customer.in_(_nameless(id)))
        query = _CONTACTS.where(theirs).order_by(desc(items.c.opened_at_ms), desc(items.c.id))
        async with self._database.reading() as connection:
            return [Contact(**row._mapping) for row in await connection.execute(query.limit(limit))]

    async def search(self, text: str, *, number: str = "", after: str = "", limit: int) -> Found:
        """See `Customers`."""
        query = by_name(after).where(found_by(text, number)).limit(limit + 1)
        async with self._database.reading() as connection:
            rows = (await connection.execute(query)).all()
            cards = await _cards(connection, rows[:limit])
        return Found(cards=cards, cursor=cards[-1].id if len(rows) > limit else "")

    # -- writing --------------------------------------------------------------------------------------------

    async def put(self, card: Card, *, act: Act, take: bool = False) -> Card:
        """See `Customers`."""
        async with self._database.writing(alone=CARDS) as connection:
            before = await _card(connection, card.id)
            if card.revision != (before.revision if before else 0):
                raise StaleCard(before or Card(id=card.id))
            after, moved = await self._write(connection, before, card, take=take, act=act)
        self._learn_all(moved)
        return after

    async def link(self, card: Card, address: CustomerAddress, *, act: Act) -> None:
        """See `Customers`."""
        async with self._database.writing(alone=CARDS) as connection:
            before = await _card(connection, card.id)
            card = before or card
            addresses = {one.key: one for one in (*card.addresses, address)}
            wanted = msgspec.structs.replace(card, addresses=tuple(addresses.values()))
            _, moved = await self._write(connection, before, wanted, take=True, act=act)
        self._learn_all(moved)

    def _learn_all(self, moved: Iterable[Mapping[str, Any]]) -> None:
        for row in moved:
            self._learn(row["key"], row["customer"] or "", row["link"])

    async def _write(
        self, connection: AsyncConnection, before: Card | None, wanted: Card, *, take: bool, act: Act
    ) -> tuple[Card, list[dict[str, Any]]]:
        """Write a card and its deed. The card as it is then, and the rows of the addresses that changed hands."""
        had = before.addresses if before else ()
        changed = _changed(before or Card(id=wanted.id), wanted)
        if before is not None and not changed:
            return before, []
        owners = await _owners(connection, wanted)
        others = {key: owner for key, owner in owners.items() if owner not in (None, wanted.id)}
        for place, address in enumerate(wanted.addresses):
            if address.key in others and not take:
                raise AddressTaken(place, others[address.key])
        after = msgspec.structs.replace(wanted, revision=wanted.revision + 1)
        await self._database.upsert(connection, customers, [_row(after)])
        moved = _moved(had, after, await next_link(connection))
        if moved:
            await self._database.upsert(connection, customer_addresses, moved)
        await _record(connection, after, changed, act, new=before is None)
        for other in sorted(set(others.values())):
            await _robbed(connection, other, act)
        return after, moved


def _moved(had: Sequence[CustomerAddress], card: Card, link: int) -> list[dict[str, Any]]:
    """The rows of the addresses that are new on a card, and of those taken off it: nobody knows whose these are."""
    has = {address.key for address in card.addresses}
    nobodys = {"customer": None, "kind": "", "address": "", "link": link}
    mine = {"customer": card.id, "link": link}
    rows: list[dict[str, Any]] = [{"key": one.key, **nobodys} for one in had if one.key not in has]
    rows += [{**msgspec.to_builtins(one), **mine} for one in card.addresses if one not in had]
    return sorted(rows, key=lambda row: row["key"])


def _nameless(id: str) -> Select[tuple[str]]:
    """The keys of a customer's addresses that no customer is named after (see `newcomers`)."""
    columns = customer_addresses.c
    return select(columns.key).where(columns.customer == id, columns.key.not_in(select(customers.c.id)))


def _links(since: int, connection: Connection) -> list[tuple[str, str | None, int]]:
    columns = customer_addresses.c
    query = select(columns.key, columns.customer, columns.link).where(columns.link >= since)
    return [(row.key, row.customer, row.link) for row in connection.execute(query)]


async def _owners(connection: AsyncConnection, card: Card) -> dict[str, Any]:
    """Whose the addresses on a card are, by key, as far as they are known."""
    columns = customer_addresses.c
    keys = [address.key for address in card.addresses]
    rows = await connection.execute(select(columns.key, columns.customer).where(columns.key.in_(keys)))
    return {row.key: row.customer for row in rows}


async def _robbed(connection: AsyncConnection, customer: str, act: Act) -> None:
    """An address of this customer was given to another one."""
    mine = customers.c.id == customer
    await connection.execute(update(customers).where(mine).values(revision=customers.c.revision + 1))
    if card := await _card(connection, customer):
        await _record(connection, card, ["addresses"], act)


async def _record(connection: AsyncConnection, card: Card, fields: list[str], act: Act, *, new: bool = False) -> None:
    """Write down that these fields of a card changed: which, and not what is in them."""
    before = None if new else {"revision": card.revision - 1}
    after = {"revision": card.revision, "fields": fields}
    await deeds.record(connection, act, "customer", card.id, before=before, after=after)


async def _card(connection: AsyncConnection, id: str) -> Card | None:
    rows = (await connection.execute(select(customers).where(customers.c.id == id))).all()
    return next(iter(await _cards(connection, rows)), None)


async def _cards(connection: AsyncConnection, rows: Sequence[Row[Any]]) -> list[Card]:
    """The cards of these rows, in their order."""
    columns = customer_addresses.c
    query = select(customer_addresses).where(columns.customer.in_([row.id for row in rows]))
    addresses: defaultdict[str, list[CustomerAddress]] = defaultdict(list)
    for found in await connection.execute(query.order_by(columns.kind, columns.address, columns.key)):
        address = CustomerAddress(key=found.key, kind=found.kind, address=found.address)
        addresses[found.customer].append(address)
    return [_as_card(row, addresses[row.id]) for row in rows]


def _as_card(row: Row[Any], addresses: Iterable[CustomerAddress]) -> Card:
    checked = row.identity_at_ms is not None
    return Card(
        id=row.id,
        name=row.name,
        language=row.language,
        addresses=tuple(addresses),
        identity=Identity(how=row.identity_how, at_ms=row.identity_at_ms, by=row.identity_by) if checked else None,
        notes=row.notes,
        tags=tuple(row.tags.split()),
        created_at_ms=row.created_at_ms,
        revision=row.revision,
    )


def _row(card: Card) -> dict[str, Any]:
    checked = card.identity
    return {
        "id": card.id,
        "name": card.name,
        "folded": folded(card.name),
        "language": card.language,
        "identity_how": checked.how if checked else "",
        "identity_at_ms": checked.at_ms if checked else None,
        "identity_by": checked.by if checked else "",
        "notes": card.notes,
        "tags": " ".join(card.tags),
        "created_at_ms": card.created_at_ms,
        "revision": card.revision,
    }


def _changed(before: Card, after: Card) -> list[str]:
    """The fields of a card in which the two differ; the order of addresses is none."""
    fields = [name for name in _FIELDS if getattr(before, name) != getattr(after, name)]
    return fields + (["addresses"] if set(before.addresses) != set(after.addresses) else [])
