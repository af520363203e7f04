"""Finding customers by what an agent has in hand: a name, a number in any spelling, part of an address, an id.

Everything is looked through from end to end, without an index of words: a hundred thousand customers take a few
hundredths of a second, and a part in the middle of a name or number is found too.
"""

import re
import unicodedata
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, false, or_, select, tuple_

from router.archive import limits
from router.archive.schema import customer_addresses, customers

_NUMBER = re.compile(r"[\d\s()+./-]+")


def folded(text: str) -> str:
    """A name as it is searched: without case and accents, words apart by one space."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(sign for sign in decomposed if not unicodedata.combining(sign)).split())


def found_by(text: str, number: str) -> ColumnElement[bool]:
    """The customers whom this text means. `number` is what it is as a phone number, '' for none."""
    id, address = customers.c.id, customer_addresses.c.address
    typed, digits = text.strip().lower(), _significant(text)
    parts = [digits] if digits and digits in typed else [part for part in (typed, digits) if part]
    with_address = [address.contains(part, autoescape=True) for part in parts]
    if number:
        with_address.append(address == number)
    owners = select(customer_addresses.c.customer).where(or_(*with_address))
    named = [customers.c.folded.contains(word, autoescape=True) for word in folded(text).split()]
    return or_(id == text.strip(), id.in_(owners), and_(*named) if named else false())


def by_name(after: str) -> Select[Any]:
    """Customers by name; those after customer `after`, if one is named."""
    place = (customers.c.folded, customers.c.id)
    query = select(customers).order_by(*place)
    if not after:
        return query
    before = select(*place).where(customers.c.id == after).scalar_subquery()
    return query.where(tuple_(*place) > before)


def _significant(text: str) -> str:
    """The digits of what looks like (part of) a number, without the zeros that stand for a prefix."""
    if _NUMBER.fullmatch(text) is None:
        return ""
    digits = "".join(sign for sign in text if sign.isdigit()).lstrip("0")
    return digits if len(digits) >= limits.DIGITS_MIN else ""
