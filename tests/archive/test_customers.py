"""Customers in SQL: made with their first contact, edited by people, found by what an agent has in hand."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from router.archive import limits
from router.archive.customers import SqlCustomers
from router.archive.database import Database
from router.archive.search import folded
from router.core import commands as c
from router.core.facts import Facts
from router.gateway import AddressKind, Content, CustomerAddress
from router.runtime.acts import Act
from router.runtime.customers import AddressTaken, Card, Identity, StaleCard
from tests.archive.domain import Domain, rows
from tests.support import eventually

ACT = Act(by="ann", command="PutCustomer", at_ms=5_000, correlation="req")
MOBILE = CustomerAddress(key="cust_mobile", kind="phone", address="+32470000007")
MAIL = CustomerAddress(key="cust_mail", kind="email", address="ada@example.org")


@pytest.fixture
async def book(database: Database) -> SqlCustomers:
    """The customers of a data base of either kind."""
    return await _book(database)


@pytest.fixture
async def plain(database: Database) -> SqlCustomers:
    """The customers of a SQLite file: for what both kinds do alike."""
    return await _book(database)


async def _book(database: Database) -> SqlCustomers:
    book = SqlCustomers(database)
    await book.start()
    return book


async def _contact(
    database: Database, domain: Domain, call: str, address: CustomerAddress, customer: str = "", **content: Any
) -> None:
    """A call comes in and is archived."""
    facts = Facts(queue="help", customer=customer or address.key, language="fr", address=f"adr-{call}")
    data = msgspec.json.encode(Content(address=address.address, known_by=address, **content))
    command = c.OfferCall(call=call, item=f"i-{call}", conversation=f"c-{call}", facts=facts)
    await domain.do(command, contents={f"adr-{call}": data})
    await domain.archive(database)


async def _domain() -> Domain:
    domain = Domain()
    await domain.commit()
    return domain


# -- with the first contact -----------------------------------------------------------------------------------


async def test_a_first_contact_makes_the_card_with_name_language_and_address(
    database: Database, book: SqlCustomers
) -> None:
    """In the archive's transaction: nobody has to wait for it, and nobody has to type it."""
    domain = await _domain()
    await _contact(database, domain, "k", MOBILE, name="Ada Dupont")
    card = await book.card("cust_mobile")
    (item,) = await book.contacts("cust_mobile", 10)
    assert card == Card(
        id="cust_mobile", name="Ada Dupont", language="fr", addresses=(MOBILE,), created_at_ms=item.opened_at_ms
    )
    assert book.whose("cust_mobile") == "cust_mobile"


async def test_a_later_contact_changes_nothing_that_an_agent_wrote(database: Database, plain: SqlCustomers) -> None:
    domain = await _domain()
    await _contact(database, domain, "k", MOBILE, name="ADA D")
    card = await plain.card("cust_mobile")
    assert card is not None
    written = await plain.put(msgspec.structs.replace(card, name="Ada Dupont", language="nl"), act=ACT)
    await _contact(database, domain, "again", MOBILE, name="ADA D")
    assert await plain.card("cust_mobile") == written


async def test_an_integrators_customer_has_the_address_from_then_on(database: Database, plain: SqlCustomers) -> None:
    """Who names the customer says whose the number is; another node hears of it within seconds."""
    domain = await _domain()
    await _contact(database, domain, "k", MOBILE, customer="cust_crm7")
    card = await plain.card("cust_crm7")
    assert card is not None and card.addresses == (MOBILE,)
    assert await plain.card("cust_mobile") is None
    await plain.start()
    assert plain.whose("cust_mobile") == "cust_crm7"


async def test_who_shows_no_number_has_no_card(database: Database) -> None:
    domain = await _domain()
    facts = Facts(queue="help", language="fr")
    await domain.do(c.OfferCall(call="k", item="i-k", conversation="c-k", facts=facts))
    await domain.archive(database)
    assert await rows(database, "customers") == []


# -- edited by people -------------------------------------------------------------------------------------------


async def test_all_that_a_card_says_is_read_back(book: SqlCustomers) -> None:
    checked = Identity(how="id_card", at_ms=7, by="ann")
    card = Card(
        id="c1",
        name="Zoé",
        language="fr",
        addresses=(MAIL, MOBILE),
        identity=checked,
        notes="calls on Mondays",
        created_at_ms=5,
    )
    written = await book.put(card, act=ACT)
    assert written.revision == 1
    assert await book.card("c1") == written
    assert (book.whose("cust_mobile"), book.whose("cust_mail"), book.whose("cust_x")) == ("c1", "c1", "cust_x")


async def test_an_edit_that_did_not_see_the_latest_is_refused_with_it(plain: SqlCustomers) -> None:
    first = await plain.put(Card(id="c1", name="Ada"), act=ACT)
    await plain.put(msgspec.structs.replace(first, name="Ada D"), act=ACT)
    with pytest.raises(StaleCard) as refused:
        await plain.put(msgspec.structs.replace(first, notes="x"), act=ACT)
    assert (refused.value.current.name, refused.value.current.revision) == ("Ada D", 2)


async def test_an_address_of_somebody_else_is_only_taken_on_purpose(book: SqlCustomers) -> None:
    """And then the other card has it no more, and who read that card has to read it again."""
    ada = await book.put(Card(id="ada", addresses=(MAIL, MOBILE)), act=ACT)
    bob = Card(id="bob", addresses=(CustomerAddress(key="k", kind="handle", address="bob"), MOBILE))
    with pytest.raises(AddressTaken) as refused:
        await book.put(bob, act=ACT)
    assert (refused.value.place, refused.value.customer) == (1, "ada")
    assert await book.card("bob") is None, "nothing of it was written"
    await book.put(bob, act=ACT, take=True)
    assert book.whose("cust_mobile") == "bob"
    left = await book.card("ada")
    assert left is not None and (left.addresses, left.revision) == ((MAIL,), ada.revision + 1)


async def test_an_address_that_is_taken_off_is_nobodys(database: Database, book: SqlCustomers) -> None:
    """Also the one that the customer is named after; until somebody says whose it is. Nothing of it is kept."""
    domain = await _domain()
    await _contact(database, domain, "k", MOBILE)
    card = await book.card("cust_mobile")
    assert card is not None
    await book.put(msgspec.structs.replace(card, addresses=(MAIL,)), act=ACT)
    assert book.whose("cust_mobile") == ""
    (kept,) = [row for row in await rows(database, "customer_addresses") if row["key"] == "cust_mobile"]
    assert (kept["customer"], kept["address"], kept["kind"]) == (None, "", "")
    await book.put(Card(id="bob", addresses=(MOBILE,)), act=ACT)
    assert book.whose("cust_mobile") == "bob"


async def test_an_address_can_come_back_to_whom_it_is_named_after(plain: SqlCustomers) -> None:
    """What was linked by mistake is as if it had never been."""
    await plain.put(Card(id="bob", addresses=(MOBILE,)), act=ACT)
    await plain.put(Card(id="cust_mobile", addresses=(MOBILE,)), act=ACT, take=True)
    assert plain.whose("cust_mobile") == "cust_mobile"


async def test_linking_adds_an_address_and_makes_a_card_that_was_not_written_yet(plain: SqlCustomers) -> None:
    await plain.put(Card(id="bob", addresses=(MOBILE,)), act=ACT)
    await plain.link(Card(id="cust_mail", name="Ada", addresses=(MAIL,)), MOBILE, act=ACT)
    card = await plain.card("cust_mail")
    assert card is not None and (card.name, card.addresses) == ("Ada", (MAIL, MOBILE))
    assert plain.whose("cust_mobile") == "cust_mail"
    before = card.revision
    await plain.link(card, MOBILE, act=ACT)
    again = await plain.card("cust_mail")
    assert again is not None and again.revision == before, "nothing changed"


async def test_every_write_leaves_a_deed_that_names_fields_and_no_values(
    database: Database, book: SqlCustomers
) -> None:
    """Erasure stays possible: what was known of somebody is not in the audit."""
    card = await book.put(Card(id="ada", name="Ada Dupont", addresses=(MOBILE,)), act=ACT)
    await book.put(msgspec.structs.replace(card, notes="secret", language="fr"), act=ACT)
    await book.put(Card(id="bob", addresses=(MOBILE,)), act=ACT, take=True)
    kept = await rows(database, "deeds")
    assert [(row["subject"], row["before"], row["after"]) for row in kept] == [
        ("ada", None, {"revision": 1, "fields": ["name", "addresses"]}),
        ("ada", {"revision": 1}, {"revision": 2, "fields": ["language", "notes"]}),
        ("bob", None, {"revision": 1, "fields": ["addresses"]}),
        ("ada", {"revision": 2}, {"revision": 3, "fields": ["addresses"]}),
    ]
    assert {(row["kind"], row["by"], row["correlation"]) for row in kept} == {("customer", "ann", "req")}
    assert not any(word in repr(kept) for word in ("Dupont", "secret", "470000007"))


async def test_several_nodes_agree_whose_an_address_is(
    database: Database, book: SqlCustomers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given, taken and given back on one node, the other one follows."""
    monkeypatch.setattr(limits, "LINKS_REREAD_S", 0.01)
    other = SqlCustomers(database)
    await other.start()
    following = asyncio.create_task(other.run())
    bob = await book.put(Card(id="bob", addresses=(MOBILE,)), act=ACT)
    await eventually(lambda: other.whose("cust_mobile") == "bob")
    await book.put(msgspec.structs.replace(bob, addresses=()), act=ACT)
    await eventually(lambda: other.whose("cust_mobile") == "")
    await book.put(Card(id="cust_mobile", addresses=(MOBILE,)), act=ACT)
    await eventually(lambda: other.whose("cust_mobile") == "cust_mobile")
    following.cancel()
    await asyncio.wait([following])


# -- found ------------------------------------------------------------------------------------------------------


@pytest.fixture
async def people(book: SqlCustomers) -> AsyncIterator[SqlCustomers]:
    """Four customers."""

    def address(kind: AddressKind, text: str) -> CustomerAddress:
        return CustomerAddress(key=f"key:{text}", kind=kind, address=text)

    for card in (
        Card(id="c1", name="Élise Van den Berg", addresses=(address("phone", "+32470000007"),)),
        Card(id="c2", name="Ada  100% Dupont", addresses=(address("email", "ada_d@example.org"),)),
        Card(id="c3", name="Jan Élisée", addresses=(address("handle", "visitor-7"), address("phone", "+33100000000"))),
        Card(id="c4"),
    ):
        await book.put(card, act=ACT)
    return book


async def test_a_customer_is_found_by_what_an_agent_has_in_hand(people: SqlCustomers) -> None:
    """By words of the name without case and accents, a number in any spelling, part of an address, the id."""
    for text, number, found in (
        ("elise", "", ["c1", "c3"]),
        ("ÉLISE", "", ["c1", "c3"]),
        ("berg elise", "", ["c1"]),
        ("0470 00 00 07", "+32470000007", ["c1"]),
        ("0032 470/00.00", "", ["c1"]),
        ("+32 (0)470 00 00 07", "+32470000007", ["c1"]),
        ("Ada_D@", "", ["c2"]),
        ("adaxd@", "", []),
        ("100%", "", ["c2"]),
        ("1%t", "", []),
        ("visitor", "", ["c3"]),
        ("c4", "", ["c4"]),
        ("\u0301", "", []),
        ("nobody", "", []),
    ):
        page = await people.search(text, number=number, limit=50)
        assert [card.id for card in page.cards] == found, text
        assert all(card.addresses or card.id == "c4" for card in page.cards)


async def test_pages_of_a_search_lose_and_repeat_nobody(book: SqlCustomers) -> None:
    """Namesakes included."""
    for number in range(5):
        await book.put(Card(id=f"c{number}", name="Jan Peeters"), act=ACT)
    found: list[str] = []
    after = ""
    while not found or after:
        page = await book.search("peeters", after=after, limit=2)
        found += [card.id for card in page.cards]
        after = page.cursor
    assert found == [f"c{number}" for number in range(5)]


async def test_a_customers_contacts_are_the_latest_first_with_what_became_of_them(
    database: Database, plain: SqlCustomers
) -> None:
    domain = await _domain()
    domain.core.sign_on("ann")
    await _contact(database, domain, "a", MOBILE)
    domain.core.do(c.AcceptReservation(item="i-a", agent="ann"))
    domain.core.do(c.CompleteItem(item="i-a", agent="ann", disposition="done"))
    await domain.commit()
    await _contact(database, domain, "b", MOBILE)
    await _contact(database, domain, "other", MAIL)
    second, first = await plain.contacts("cust_mobile", 10)
    assert (first.item, first.outcome, first.disposition, first.queue) == ("i-a", "completed", "done", "help")
    assert (second.item, second.outcome, second.closed_at_ms, second.channel) == ("i-b", "", None, "phone")
    assert first.closed_at_ms is not None
    assert first.reference and first.reference != second.reference
    assert [contact.item for contact in await plain.contacts("cust_mobile", 1)] == ["i-b"]


def test_a_name_is_folded_to_what_people_type() -> None:
    assert folded("  ÉLISE   Straße Ørsted ") == "elise strasse ørsted"
