"""Newcomers: with somebody's first contact their card and their address come into being, if they are not there.

What an agent wrote on a card is never overwritten by a contact. Who uses several addresses is several customers
until somebody says so; an integrator who names the customer says so.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from router.archive.database import Database
from router.archive.rows import Caller, storable
from router.archive.schema import customer_addresses, customers
from router.archive.search import folded
from router.gateway import Content, CustomerAddress

_content = msgspec.json.Decoder(Content)


async def introduce(
    database: Database, connection: AsyncConnection, callers: Iterable[Caller], contents: Mapping[str, bytes]
) -> None:
    """Write the cards and addresses that are missing. `contents` are by id; an address that was erased is none."""
    cards: dict[str, dict[str, Any]] = {}
    addresses: dict[str, dict[str, Any]] = {}
    for caller in callers:
        content = _read(contents.get(caller.address))
        cards.setdefault(caller.customer, _card(caller, content.name))
        if content.known_by is not None:
            addresses.setdefault(content.known_by.key, _address(content.known_by, caller.customer))
    await database.add(connection, customers, _in_order(cards))
    for linked in (False, True):
        new = {key: row for key, row in addresses.items() if (row["customer"] != key) is linked}
        extra = {"link": await next_link(connection)} if linked and new else {}
        await database.add(connection, customer_addresses, [row | extra for row in _in_order(new)])


async def next_link(connection: AsyncConnection) -> int:
    """The number of a change of whose an address is. Two at once may get the same one, which does no harm."""
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
        "created_at_ms": caller.at_ms,
        "revision": 0,
    }


def _address(address: CustomerAddress, customer: str) -> dict[str, Any]:
    return {"key": address.key, "customer": customer, "kind": address.kind, "address": storable(address.address)}
