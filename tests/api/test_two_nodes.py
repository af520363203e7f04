"""Two nodes on one data base are one system: who may do what is the same on both, and nobody's change is lost."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from router.archive import limits
from router.archive.database import Database
from tests.api.desk import desk
from tests.api.house import PASSWORD, House
from tests.support import eventually

WITHIN_S = 2.0
"""What an admin is promised: so soon it holds on every node."""


@pytest.fixture
def never_reread(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if both nodes had read what the other one wrote a moment before it was written. Named before `houses`."""
    monkeypatch.setattr(limits, "ACCOUNTS_REREAD_S", 3_600.0)


@pytest.fixture
async def houses(empty_archive: Path, tmp_path: Path) -> AsyncIterator[tuple[House, House]]:
    """Two nodes, each with connections of its own."""
    url = f"sqlite:///{shutil.copy(empty_archive, tmp_path / 'history.db')}"
    here, there = await Database.open(url), await Database.open(url)
    async with House(tmp_path, here).open() as a, House(tmp_path, there, beside=a).open() as b:
        yield a, b
    await here.close()
    await there.close()


async def _status(house: House, token: str) -> int:
    return (await house.call("GET", "/api/v1/agents/me", headers={"Authorization": f"Bearer {token}"})).status


async def test_a_token_of_one_node_is_good_on_the_other_until_it_is_void_on_both(houses: tuple[House, House]) -> None:
    """Logged out on one node, logged out everywhere."""
    a, b = houses
    token = await a.token("ann")
    assert await _status(b, token) == 200
    assert (await b.call("POST", "/api/v1/logout", headers={"Authorization": f"Bearer {token}"})).status == 200
    assert await _status(b, token) == 401
    await eventually(_answers(a, token, 401), WITHIN_S)


def _answers(house: House, credential: str, status: int) -> Callable[[], Awaitable[Any]]:
    """Whether this is the status that a node answers to a token or a key."""

    async def answers() -> bool:
        asked = await house.call("GET", "/metrics", headers={"Authorization": f"Bearer {credential}"})
        return asked.status == status

    return answers


async def test_whoever_changed_their_password_on_one_node_is_known_by_the_other_at_once(
    never_reread: None, houses: tuple[House, House]
) -> None:
    """The next request may go to any node: it must not throw out who has just got a new token."""
    a, b = houses
    old = await a.token("bob")
    body = {"old": PASSWORD, "password": "another good one"}
    fresh = (await a.call("POST", "/api/v1/password", "bob", json=body)).body["access_token"]
    assert await _status(b, fresh) == 200
    assert await _status(b, old) == 401
    login = {"login": "bob", "password": "another good one"}
    assert await _status(a, (await b.call("POST", "/api/v1/login", json=login)).body["access_token"]) == 200


async def test_who_is_disabled_on_one_node_is_cut_off_on_the_other(houses: tuple[House, House]) -> None:
    """Sockets and tokens; and who was not meant stays."""
    a, b = houses
    async with desk(b, "ann") as ann, desk(b, "bob") as bob:
        token = await b.token("ann")
        body = {"agent": "ann", "grants": [{"role": "agent", "teams": ["first"]}], "disabled": True}
        assert (await a.call("PUT", "/api/v1/accounts/ann", "root", json=body)).status == 200
        await asyncio.wait_for(ann.gone.wait(), WITHIN_S)
        assert ann.closing["code"] == "session_ended"
        assert await _status(b, token) == 401
        assert not bob.gone.is_set()


async def test_keys_grants_and_first_passwords_of_one_node_hold_on_the_other(houses: tuple[House, House]) -> None:
    a, b = houses
    made = (await a.call("POST", "/api/v1/keys", "root", json={"name": "pbx"})).body
    await eventually(_answers(b, made["secret"], 200), WITHIN_S)
    assert (await a.call("DELETE", f"/api/v1/keys/{made['id']}", "root")).status == 200
    await eventually(_answers(b, made["secret"], 401), WITHIN_S)
    first = (await a.call("POST", "/api/v1/accounts/bob/reset", "root")).body["password"]
    session = (await b.call("POST", "/api/v1/login", json={"login": "bob", "password": first})).body
    assert session["must_change"], "nobody gets in with a first password, not even a moment after it was given"
    refused = await b.call("GET", "/api/v1/agents/me", headers={"Authorization": f"Bearer {session['access_token']}"})
    assert refused.status == 403


async def test_of_two_changes_at_once_on_two_nodes_none_is_lost(
    never_reread: None, houses: tuple[House, House]
) -> None:
    """The second one is told, or made on top of the first; what was disabled meanwhile stays disabled."""
    a, b = houses
    await b.token("root")
    ann = await b.token("ann")
    grants = [{"role": "agent", "teams": ["first"]}]
    disabled = {"agent": "bob", "grants": grants, "disabled": True}
    assert (await a.call("PUT", "/api/v1/accounts/bob", "root", json=disabled)).status == 200
    late = await b.call("PUT", "/api/v1/accounts/bob", "root", json={"agent": "bob", "grants": grants})
    late.problem(412, "stale_revision")
    account = b.accounts.account("bob")
    assert account is not None and account.disabled, "who is told to look again sees it"

    reset = await a.call("POST", "/api/v1/accounts/ann/reset", "root")
    assert reset.status == 200 and await _status(b, ann) == 200, "b does not know it yet"
    assert (await b.call("POST", "/api/v1/logout", headers={"Authorization": f"Bearer {ann}"})).status == 200
    account = b.accounts.account("ann")
    assert account is not None and account.must_change, "the end of the sessions did not undo the reset"


async def test_a_caller_stands_on_the_card_that_another_node_gave_their_number_to_a_moment_before(
    houses: tuple[House, House],
) -> None:
    """The node that took the call had not heard of it yet: there is one card all the same, with the call on it."""
    a, b = houses
    number = {"kind": "phone", "address": "+32470000007"}
    made = await a.call("POST", "/api/v1/customers", "ann", json={"name": "Ada Dupont", "addresses": [number]})
    assert made.status == 201, made
    event = {"specversion": "1.0", "source": "/pbx", "id": "e1", "type": "call.offered"}
    data = {"call": "k1", "to": "+32 2 555 01 00", "from": number["address"]}
    sent = {"Content-Type": "application/cloudevents+json", "Prefer": "wait=2"}
    taken = await b.call("POST", "/api/v1/events", "key", headers=sent, json=event | {"data": data})
    customer = b.domain.state.items[taken.body["item"]].customer
    assert customer != made.body["id"], "b has not heard of it"

    async def with_the_call() -> Any:
        card = (await a.call("GET", f"/api/v1/customers/{customer}", "ann")).body
        return card if card["contacts"] else None

    condition: Callable[[], Awaitable[Any]] = with_the_call
    card: Any = await eventually(condition)
    assert (card["id"], card["name"]) == (made.body["id"], "Ada Dupont")
    assert [contact["item"] for contact in card["contacts"]] == [taken.body["item"]]
    found = await a.call("POST", "/api/v1/customers/search", "ann", json={"q": "+32470000007"})
    assert [row["id"] for row in found.body["rows"]] == [made.body["id"]]
