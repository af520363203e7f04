"""Logging in, tokens and keys: nothing is open, nothing is told apart that a guesser could use."""

import asyncio

import msgspec
import pytest

from router.api import limits
from router.api.client_address import household, last_foreign
from router.api.passwords import Throttle
from router.api.problems import Problem
from router.api.tokens import Tokens, key_hash
from router.runtime.accounts import ApiKey
from router.runtime.system import SystemClock
from tests.api.desk import desk
from tests.api.house import KEY, PASSWORD, SECRET, SEEDED, House


class SetClock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.ms = 1_000_000

    def now_ms(self) -> int:
        return self.ms

    def monotonic_ms(self) -> int:
        return self.ms


async def test_a_login_gives_a_token_that_works(house: House) -> None:
    answer = await house.call("POST", "/api/v1/login", json={"login": "ann", "password": PASSWORD})
    assert answer.status == 200
    assert answer.body["account"] == {
        "login": "ann",
        "agent": "ann",
        "grants": [{"role": "agent", "teams": ["first"]}],
        "disabled": False,
        "must_change": False,
    }
    assert answer.body["must_change"] is False
    bearer = {"Authorization": f"Bearer {answer.body['access_token']}"}
    me = await house.call("GET", "/api/v1/agents/me", headers=bearer)
    assert (me.status, me.body["id"]) == (200, "ann")


async def test_an_unknown_login_is_answered_like_a_wrong_password(house: House) -> None:
    wrong = await house.call("POST", "/api/v1/login", json={"login": "ann", "password": "wrong password"})
    unknown = await house.call("POST", "/api/v1/login", json={"login": "nobody", "password": "wrong password"})
    wrong.problem(401, "login_failed")
    for answer in (wrong, unknown):
        answer.body.pop("instance")
    assert unknown.body == wrong.body


async def test_a_disabled_account_is_answered_like_a_wrong_password(house: House) -> None:
    account = house.accounts.account("ann")
    assert account is not None
    await house.accounts.put_account(msgspec.structs.replace(account, disabled=True), act=None)
    answer = await house.call("POST", "/api/v1/login", json={"login": "ann", "password": PASSWORD})
    answer.problem(401, "login_failed")


async def test_guessing_is_slowed_down_and_the_owner_is_not_locked_out(house: House) -> None:
    for _ in range(limits.FAILURES_PER_PAIR_MAX):
        (await house.call("POST", "/api/v1/login", json={"login": "ann", "password": "guess guess"})).problem(
            401, "login_failed"
        )
    answer = await house.call("POST", "/api/v1/login", json={"login": "ann", "password": PASSWORD})
    answer.problem(429, "too_many_requests")
    assert int(answer.headers["Retry-After"]) > 0
    assert (await house.call("POST", "/api/v1/login", json={"login": "bob", "password": PASSWORD})).status == 200


def test_a_stranger_elsewhere_never_bars_the_owner_from_the_usual_place() -> None:
    throttle = Throttle(SetClock())
    throttle.succeeded("ann", "10.0.0.1")
    for number in range(limits.FAILURES_PER_LOGIN_MAX):
        throttle.failed("ann", f"192.0.2.{number}")
    with pytest.raises(Problem):
        throttle.check("ann", "198.51.100.1")
    throttle.check("ann", "10.0.0.1")


def test_one_address_trying_many_logins_has_to_wait_and_then_may_again() -> None:
    clock = SetClock()
    throttle = Throttle(clock)
    for number in range(limits.FAILURES_PER_ADDRESS_MAX):
        throttle.failed(f"login{number}", "192.0.2.1")
    with pytest.raises(Problem):
        throttle.check("another", "192.0.2.1")
    throttle.check("another", "192.0.2.2")
    clock.ms += limits.FAILURE_WINDOW_MS + 1
    throttle.check("another", "192.0.2.1")


async def test_a_token_ends_and_a_login_can_be_refreshed_for_a_shift_only(house: House) -> None:
    clock = SetClock()
    tokens = Tokens(SECRET, house.accounts, clock)
    account = house.accounts.account("ann")
    assert account is not None
    access = tokens.issue(account)
    assert access.expires_at_ms == clock.ms + limits.TOKEN_MS
    assert tokens.principal(access.token) is not None
    since = clock.ms
    clock.ms += limits.TOKEN_MS
    assert tokens.principal(access.token) is None
    clock.ms = since + limits.SESSION_MS_MAX - 1
    assert tokens.issue(account, since).expires_at_ms == since + limits.SESSION_MS_MAX


async def test_a_token_of_another_secret_or_changed_by_hand_is_void(house: House) -> None:
    account = house.accounts.account("ann")
    assert account is not None
    foreign = Tokens("another secret of somebody else", house.accounts, SystemClock()).issue(account).token
    good = await house.token("ann")
    for token in (foreign, good[:-2] + ("AA" if good[-2:] != "AA" else "BB"), "W10." + good.partition(".")[2]):
        answer = await house.call("GET", "/api/v1/queues", headers={"Authorization": f"Bearer {token}"})
        answer.problem(401, "unauthenticated")


async def test_refreshing_gives_a_token_that_works(house: House) -> None:
    fresh = await house.call("POST", "/api/v1/token/refresh", "ann")
    bearer = {"Authorization": f"Bearer {fresh.body['access_token']}"}
    assert (await house.call("GET", "/api/v1/agents/me", headers=bearer)).status == 200


async def test_logging_out_ends_every_session_and_socket_of_the_account(house: House) -> None:
    async with desk(house, "ann") as ann:
        assert (await house.call("POST", "/api/v1/logout", "ann")).status == 200
        await asyncio.wait_for(ann.gone.wait(), 3)
        (await house.call("GET", "/api/v1/queues", "ann")).problem(401, "unauthenticated")


async def test_a_changed_password_ends_the_old_sessions(house: House) -> None:
    body = {"old": PASSWORD, "password": "another good one"}
    await house.token("ann")
    wrong = await house.call("POST", "/api/v1/password", "ann", json=body | {"old": "guessed wrongly"})
    wrong.problem(401, "login_failed")
    short = await house.call("POST", "/api/v1/password", "ann", json=body | {"password": "short"})
    assert short.problem(422, "invalid")["errors"][0]["pointer"] == "/password"
    answer = await house.call("POST", "/api/v1/password", "ann", json=body)
    assert answer.status == 200
    (await house.call("GET", "/api/v1/queues", "ann")).problem(401, "unauthenticated")
    login = await house.call("POST", "/api/v1/login", json={"login": "ann", "password": "another good one"})
    assert login.status == 200


async def test_a_disabled_key_is_nobody(house: House) -> None:
    await house.accounts.put_key(ApiKey(id="key_tests", name="tests", hash=key_hash(KEY), disabled=True), act=SEEDED)
    (await house.call("POST", "/api/v1/events", "key", json={})).problem(401, "unauthenticated")


@pytest.mark.parametrize(
    ("remote", "forwarded", "trusted", "found"),
    [
        ("192.0.2.9", ["10.1.1.1"], [], "192.0.2.9"),
        ("10.0.0.1", ["198.51.100.7"], ["10.0.0.0/8"], "198.51.100.7"),
        ("10.0.0.1", ["6.6.6.6, 198.51.100.7, 10.0.0.2"], ["10.0.0.0/8"], "198.51.100.7"),
        ("192.0.2.9", ["198.51.100.7"], ["10.0.0.0/8"], "192.0.2.9"),
        ("10.0.0.1", [], ["10.0.0.0/8"], "10.0.0.1"),
        ("10.0.0.1", ["nonsense"], ["10.0.0.0/8"], "nonsense"),
    ],
)
def test_only_configured_hops_may_say_where_a_request_comes_from(
    remote: str, forwarded: list[str], trusted: list[str], found: str
) -> None:
    assert last_foreign(remote, forwarded, trusted) == found


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("unknown", "unknown"),
        ("", ""),
    ],
)
def test_who_has_a_whole_network_of_addresses_is_one_to_the_limits(address: str, counted: str) -> None:
    assert household(address) == counted
