"""Several nodes on one PostgreSQL, at the same instant: nothing is lost, nothing is had twice, nobody waits for ever.

Each node is a `Database` of its own. In SQLite there is one node only, and one writer.
"""

import asyncio
from collections.abc import AsyncIterator

import msgspec
import pytest
from sqlalchemy import select, update

from router.archive import limits
from router.archive.accounts import SqlAccounts
from router.archive.customers import SqlCustomers
from router.archive.database import Database
from router.archive.schema import customer_addresses, customers
from router.core import commands as c
from router.core.facts import Facts
from router.gateway import Content, CustomerAddress, StoreError
from router.runtime.accounts import Account, AccountOvertaken, Grant
from router.runtime.acts import Act
from router.runtime.customers import AddressTaken, Card
from tests.archive.domain import Domain, rows

pytestmark = pytest.mark.service

ACT = Act(by="root", command="test", at_ms=1)
ROUNDS = 40


def _address(number: int) -> CustomerAddress:
    return CustomerAddress(key=f"cust_{number:04}", kind="phone", address=f"+3247{number:07}")


@pytest.fixture
async def nodes(postgresql_migrated_url: str) -> AsyncIterator[tuple[Database, Database]]:
    """Two nodes' ways to one data base."""
    one, other = await Database.open(postgresql_migrated_url), await Database.open(postgresql_migrated_url)
    yield one, other
    await one.close()
    await other.close()


async def test_one_address_given_to_two_cards_at_once_is_one_cards(nodes: tuple[Database, Database]) -> None:
    """Whoever was second is told whose it is, and nothing of theirs is written."""
    books = [SqlCustomers(node) for node in nodes]
    for number in range(ROUNDS):
        wanted = [Card(id=f"{who}-{number}", addresses=(_address(number),)) for who in ("ada", "bob")]
        results = await asyncio.gather(
            *(book.put(card, act=ACT) for book, card in zip(books, wanted, strict=True)), return_exceptions=True
        )
        won = [result for result in results if isinstance(result, Card)]
        lost = [result for result in results if isinstance(result, AddressTaken)]
        assert len(won) == len(lost) == 1, results
        assert (lost[0].place, lost[0].customer) == (0, won[0].id)
        assert {await book.card(one.id) is not None for book in books for one in won} == {True}
    assert len(await rows(nodes[0], "customers")) == ROUNDS


async def test_addresses_taken_crosswise_at_once_end_somewhere_and_every_node_learns_where(
    nodes: tuple[Database, Database],
) -> None:
    """No two nodes wait for each other; each card says what is so, and every change of hands is heard of."""
    books = [SqlCustomers(node) for node in nodes]
    for who, number in (("ada", 1), ("bob", 2)):
        await books[0].put(Card(id=who, addresses=(_address(number),)), act=ACT)
    for _ in range(ROUNDS):
        cards = [Card(id="ada", addresses=(_address(1),)), Card(id="bob", addresses=(_address(2),))]
        pairs = [(books[0], cards[0], _address(2)), (books[1], cards[1], _address(1))]
        await asyncio.gather(*(book.link(card, address, act=ACT) for book, card, address in pairs))
        ada, bob = [await books[0].card(who) for who in ("ada", "bob")]
        assert ada is not None and bob is not None
        assert sorted(one.key for one in (*ada.addresses, *bob.addresses)) == [_address(1).key, _address(2).key]
        for book in books:
            await book.start()
            for card in (ada, bob):
                assert {book.whose(one.key) for one in card.addresses} <= {card.id}


async def test_first_contacts_and_agents_at_once_make_one_card_for_one_address(
    nodes: tuple[Database, Database],
) -> None:
    """Two archives, and an agent who gives the same number to somebody: one owner, and no stray card."""
    domain = Domain()
    await domain.commit()
    books = [SqlCustomers(node) for node in nodes]
    archivers = [domain.archiver(node) for node in nodes]
    for archiver in archivers:
        await archiver.start()
    for number in range(ROUNDS // 2):
        address = _address(number)
        facts = Facts(queue="help", customer=address.key, address=f"adr-{number}")
        data = msgspec.json.encode(Content(address=address.address, name="Ada", known_by=address))
        offer = c.OfferCall(call=f"k{number}", item=f"i-{number}", conversation=f"c-{number}", facts=facts)
        await domain.do(offer, contents={facts.address: data})
        mine = books[number % 2].put(Card(id=f"crm-{number}", addresses=(address,)), act=ACT)
        results = await asyncio.gather(*(one.step() for one in archivers), mine, return_exceptions=True)
        assert not [one for one in results if isinstance(one, Exception) and not isinstance(one, AddressTaken)], results
        owner = address.key if isinstance(results[-1], AddressTaken) else f"crm-{number}"
        there = [await books[0].card(id) for id in (address.key, f"crm-{number}")]
        assert [card.id for card in there if card is not None] == [owner]
        assert [contact.item for contact in await books[0].contacts(owner, 9)] == [f"i-{number}"]


async def test_changes_of_one_account_on_two_nodes_are_made_one_after_the_other(
    nodes: tuple[Database, Database],
) -> None:
    """Whoever saw an older version is told; who tries again until it works loses nothing."""
    directories = [SqlAccounts(node) for node in nodes]
    await directories[0].put_account(Account(login="ann"), act=ACT)

    async def grant(directory: SqlAccounts, team: str) -> int:
        overtaken = 0
        while True:
            await directory.catch_up()
            account = directory.account("ann")
            assert account is not None
            wanted = msgspec.structs.replace(account, grants=(*account.grants, Grant(role="agent", teams=(team,))))
            try:
                await directory.put_account(wanted, act=ACT)
            except AccountOvertaken:
                overtaken += 1
            else:
                return overtaken

    for number in range(ROUNDS):
        await asyncio.gather(*(grant(one, f"{number}-{side}") for side, one in enumerate(directories)))
    for directory in directories:
        await directory.catch_up()
        account = directory.account("ann")
        assert account is not None and account.version == 1 + 2 * ROUNDS
        assert {grant.teams for grant in account.grants} == {
            (f"{number}-{side}",) for number in range(ROUNDS) for side in (0, 1)
        }


async def test_of_two_new_accounts_of_one_login_one_is_made(nodes: tuple[Database, Database]) -> None:
    directories = [SqlAccounts(node) for node in nodes]
    for number in range(ROUNDS // 4):
        both = [Account(login=f"a{number}", agent=agent) for agent in ("x", "y")]
        results = await asyncio.gather(
            *(one.put_account(account, act=ACT) for one, account in zip(directories, both, strict=True)),
            return_exceptions=True,
        )
        (made,) = [result for result in results if isinstance(result, Account)]
        assert [type(result) for result in results if result is not made] == [AccountOvertaken]
        assert [one.account(made.login) for one in directories] == [made, made]


async def test_a_node_that_stands_still_in_a_transaction_holds_nobody_up(
    postgresql_migrated_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Frozen or cut off, it loses its locks, and what it had not committed; it is told when it goes on."""
    monkeypatch.setattr(limits, "TRANSACTION_IDLE_MS", 100)
    frozen, other = await Database.open(postgresql_migrated_url), await Database.open(postgresql_migrated_url)
    with pytest.raises(StoreError):
        async with frozen.writing(alone="cards") as connection:
            await connection.execute(update(customers).values(name="never"))
            async with asyncio.timeout(5), other.writing(alone="cards"):
                pass
    async with other.reading() as connection:
        assert (await connection.execute(select(customer_addresses))).all() == []
    await frozen.close()
    await other.close()
