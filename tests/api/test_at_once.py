"""Two acts on one account at the same time: hashing a password takes a while, and much may happen meanwhile."""

import asyncio
import threading

import pytest
from argon2 import PasswordHasher

from router.api.passwords import PASSWORDS
from tests.api.house import PASSWORD, House
from tests.support import eventually


class SlowHasher(PasswordHasher):
    """Cheap, but each hash waits until it may be ready."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.begun = threading.Event()
        self.ready = threading.Event()

    def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
        """What is kept of the password, once `ready`."""
        self.begun.set()
        assert self.ready.wait(10)
        return super().hash(password, salt=salt)


@pytest.fixture
def slow(house: House, monkeypatch: pytest.MonkeyPatch) -> SlowHasher:
    """The hasher of the house."""
    hasher = SlowHasher()
    monkeypatch.setattr(house.app[PASSWORDS], "_hasher", hasher)
    return hasher


async def test_who_is_disabled_while_they_change_their_password_stays_disabled(house: House, slow: SlowHasher) -> None:
    await house.token("bob")
    body = {"old": PASSWORD, "password": "another long password"}
    changing = asyncio.create_task(house.call("POST", "/api/v1/password", "bob", json=body))
    await eventually(slow.begun.is_set)
    assert (await house.call("POST", "/api/v1/agents/bob/disable", "lea")).status == 200
    slow.ready.set()
    (await changing).problem(412, "stale_revision")
    account = house.accounts.account("bob")
    assert account is not None and account.disabled


async def test_an_account_is_made_once(house: House, slow: SlowHasher) -> None:
    """Whoever is told a first password can log in with it."""
    await house.token("lea")
    copies = [{"id": f"copy{number}", "name": "", "login": "same"} for number in range(3)]
    making = [asyncio.create_task(house.call("POST", "/api/v1/agents/ann/copy", "lea", json=one)) for one in copies]
    await eventually(lambda: all(f"copy{number}" in house.domain.state.agents for number in range(3)))
    slow.ready.set()
    answers = await asyncio.gather(*making)
    assert sorted(answer.status for answer in answers) == [201, 409, 409]
    made = next(answer for answer in answers if answer.status == 201)
    login = {"login": "same", "password": made.body["password"]}
    session = await house.call("POST", "/api/v1/login", json=login)
    assert session.body["account"]["agent"] == made.body["agent"]["id"]
