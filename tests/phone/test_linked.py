"""Whom a contact is about: the customer named after the address, unless somebody said whose it is."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.addresses import Addresses
from channels.customer import pseudonym
from channels.spelling import normalised
from router.gateway import AddressKind, Content
from router.runtime.acts import Act
from tests.phone.house import SECRET, House

NUMBER = "+32 470 12 34 56"
KEY = pseudonym(SECRET, "+32470123456")
ACT = Act(by="ann", command="PutCustomer", at_ms=0)


async def test_a_caller_is_the_customer_named_after_their_number(house: House) -> None:
    """Nothing has to be looked up; the card comes with the archive, with the number in its one form."""
    item = await house.call(from_name="Nora")
    assert item.customer == KEY
    await house.archive()
    card = await house.customers.card(KEY)
    assert card is not None
    assert (card.name, card.language, [one.address for one in card.addresses]) == ("Nora", "fr", ["+32470123456"])


async def test_from_a_linked_number_calls_the_customer_it_was_linked_to(house: House) -> None:
    ada = await house.link("phone", "0470 12 34 56")
    assert (await house.call()).customer == ada
    assert (await house.call("c2", **{"from": "+32 470 00 00 00"})).customer != ada


async def test_a_chat_a_form_and_a_call_of_one_linked_person_are_about_one_customer(house: House) -> None:
    """A handle that is a mailbox is known as one."""
    ada = await house.link("phone", NUMBER)
    await house.link("email", "Ada@Example.org")
    chat = await house.take("chat.message", {"site": "shop", "from": "ada@example.org", "text": "a", "id": "1"})
    form = await house.take("webhook.received", {"to": "forms", "from": "ADA@example.org", "text": "b"})
    call = await house.call()
    found = {house.state.items[outcome.refs["item"]].customer for outcome in (chat, form)} | {call.customer}
    assert found == {ada}


async def test_a_number_that_was_taken_off_a_card_is_nobodys_and_still_shown(house: House) -> None:
    """The agent sees who calls, and says whom it is about."""
    await house.link("phone", NUMBER)
    card = await house.customers.card("cust_ada")
    assert card is not None
    await house.customers.put(msgspec.structs.replace(card, addresses=()), act=ACT)
    item = await house.call()
    assert item.customer == ""
    address = house.state.conversations[item.conversation].address
    (data,) = await house.domain.contents([address])
    assert data is not None and msgspec.json.decode(data, type=Content).address == "+32470123456"


async def test_an_integrators_customer_counts_more_than_the_number(house: House) -> None:
    ada = await house.link("phone", NUMBER)
    item = await house.call(customer="crm-7")
    assert item.customer not in (ada, KEY, "")


# -- addresses as agents type them ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "typed", "address"),
    [
        ("phone", " 0470 12.34-56", "+32470123456"),
        ("phone", "0032 470 12 34 56", "+32470123456"),
        ("phone", "2001", "2001"),
        ("phone", "SIP:Ada@example.org", "sip:ada@example.org"),
        ("email", " Ada.D@Example.ORG ", "ada.d@example.org"),
        ("handle", " Visitor-7", "visitor-7"),
    ],
)
def test_an_address_is_kept_in_the_form_in_which_it_comes_in(kind: AddressKind, typed: str, address: str) -> None:
    """So that the next contact from it is found to be theirs."""
    read = Addresses(SECRET).read(kind, typed)
    assert (read.address, read.kind) == (address, kind)
    assert read.key == pseudonym(SECRET, normalised("phone" if kind == "phone" else "chat", typed))


@pytest.mark.parametrize(
    ("kind", "typed"),
    [
        ("phone", ""),
        ("phone", "anonymous"),
        ("phone", "call me"),
        ("phone", "ada@example.org"),
        ("email", "ada"),
        ("email", "Ada <ada@example.org>"),
        ("handle", "  "),
        ("handle", "x" * 501),
    ],
)
def test_what_is_no_address_is_refused_with_how_to_write_one(kind: AddressKind, typed: str) -> None:
    with pytest.raises(ValueError, match=r"write it like|cannot be empty|at most 500"):
        Addresses(SECRET).read(kind, typed)


@given(kind=st.sampled_from(["phone", "email", "handle"]), typed=st.text(max_size=30) | st.from_regex(r"[+0-9 ().-]+"))
def test_reading_an_address_again_changes_nothing(kind: AddressKind, typed: str) -> None:
    """Its form is one: a card that is saved twice keeps its addresses."""
    try:
        once = Addresses(SECRET).read(kind, typed)
    except ValueError:
        return
    assert Addresses(SECRET).read(kind, once.address) == once
