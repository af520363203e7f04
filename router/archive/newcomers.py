"""Newcomers: with somebody's first contact their card and their address come into being, if they are not there.

What an agent wrote on a card is never overwritten by a contact. Who uses several addresses is several customers
until somebody says so; an integrator who names the customer says so.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from router.archive.database import Database, in_parts
from router.archive.rows import Caller, storable
from router.archive.schema import customer_addresses, customers
from router.archive.search import folded
from router.gateway import Content, CustomerAddress

CARDS: Final = "cards"
"""Who writes cards or addresses is alone with this name (see `Database.alone`)."""

_content = msgspec.json.Decoder(Content)


async def introduce(
    database: Database, connection: AsyncConnection, callers: Iterable[Caller], contents: Mapping[str, bytes]
) -> None:
    """Write the cards and addresses that are missing. `contents` are by id; an address that was erased is none.

    Who is known by nothing but an address that is somebody else's by now gets no card: `Customers` has them under
    that somebody. So it is when an address was linked on one node the moment before it was used on another.
    """
    told = [(caller, _read(contents.get(caller.address))) for caller in callers]
    if not told:
        return
    await database.alone(connection, CARDS)
    owners = await _owners(connection, [content.known_by.key for _, content in told if content.known_by is not None])
    cards: dict[str, dict[str, Any]] = {}
    addresses: dict[str, dict[str, Any]] = {}
    for caller, content in told:
        if (known := content.known_by) is not None:
            if known.key not in owners:
                owners[known.key] = caller.customer
                addresses[known.key] = _address(known, caller.customer)
            elif caller.customer == known.key and owners[known.key] not in (None, caller.customer):
                continue
        cards.setdefault(caller.customer, _card(caller, content.name))
    await database.add(connection, customers, _in_order(cards))
    for linked in (False, True):
        new = {key: row for key, row in addresses.items() if (row["customer"] != key) is linked}
        extra = {"link": await next_link(connection)} if linked and new else {}
        await database.add(connection, customer_addresses, [row | extra for row in _in_order(new)])


async def _owners(connection: AsyncConnection, keys: list[str]) -> dict[str, str | None]:
    """Whose these addresses are, as far as they are known; None for nobody's."""
    columns = customer_addresses.c
    owners: dict[str, str | None] = {}
    for part in in_parts(dict.fromkeys(keys)):
        rows = await connection.execute(select(columns.key, columns.customer).where(columns.key.in_(part)))
        owners |= {row.key: row.customer for row in rows}
    return owners


async def next_link(connection: AsyncConnection) -> int:
    """The number of a change of whose an address is, for who is alone with `CARDS`: whoever sees it sees all before."""
    return 1 + (await connection.scalar(select(func.coalesce(func.max(customer_addresses.c.link), 0))) or 0)


def _in_order(rows: Mapping[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Always in the same order: two transactions that wait for each other's rows would wait for ever."""
    return [rows[key] for key in sorted(rows)]


def _read(data: bytes | None) -> Content:
    """A content as far as it can be read: what was accepted must not stop history, however odd it is."""
    try:
        return Content() if data is None else _content.decode(data)
    except msgspec.DecodeError:
        return Content()


def _card(caller: Caller, name: str) -> dict[str, Any]:
    return {
        "id": caller.customer,
        "name": storable(name),
        "folded": folded(storable(name)),
        "language": caller.language,
        "identity_how": "",
        "identity_by": "",
        "notes": "",
        "tags": "",
        "created_at_ms": caller.at_ms,
        "revision": 0,
    }


def _address(address: CustomerAddress, customer: str) -> dict[str, Any]:
    return {"key": address.key, "customer": customer, "kind": address.kind, "address": storable(address.address)}
