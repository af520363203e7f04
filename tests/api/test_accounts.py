"""Accounts and keys: admins write all, supervisors their agents', and nobody writes themselves more rights."""

import json
from typing import Any

import pytest

from tests.api.house import House

AGENT = {"agent": "bob", "grants": [{"role": "agent", "teams": ["first"]}], "password": "a good long one"}


async def test_an_admin_makes_an_account_that_logs_in(house: House) -> None:
    body = {"grants": [{"role": "supervisor", "teams": ["first", "second"]}], "password": "a good long one"}
    made = await house.call("PUT", "/api/v1/accounts/new", "root", json=body)
    assert (made.status, made.body["login"]) == (201, "new")
    login = await house.call("POST", "/api/v1/login", json={"login": "new", "password": "a good long one"})
    assert login.status == 200
    changed = await house.call("PUT", "/api/v1/accounts/new", "root", json={"grants": body["grants"], "disabled": True})
    assert (changed.status, changed.body["disabled"]) == (200, True)
    again = await house.call("POST", "/api/v1/login", json={"login": "new", "password": "a good long one"})
    again.problem(401, "login_failed")


async def test_hashes_and_passwords_are_never_answered(house: House) -> None:
    await house.call("PUT", "/api/v1/accounts/new", "root", json=AGENT)
    for path in ("/api/v1/accounts", "/api/v1/accounts/new", "/api/v1/keys"):
        text = str((await house.call("GET", path, "root")).body)
        assert "argon2" not in text and "a good long one" not in text and "hash" not in text


async def test_a_supervisor_makes_accounts_of_agents_of_their_teams(house: House) -> None:
    assert (await house.call("PUT", "/api/v1/accounts/bobby", "lea", json=AGENT)).status == 201
    logins = [row["login"] for row in (await house.call("GET", "/api/v1/accounts", "lea")).body["rows"]]
    assert logins == ["ann", "bob", "bobby"]


@pytest.mark.parametrize(
    "body",
    [
        AGENT | {"agent": "eve"},
        AGENT | {"agent": ""},
        AGENT | {"grants": [{"role": "supervisor", "teams": ["first"]}]},
        AGENT | {"grants": [{"role": "admin"}]},
        AGENT | {"grants": [{"role": "agent", "teams": ["second"]}]},
    ],
)
async def test_a_supervisor_gives_no_more_than_they_lead(house: House, body: dict[str, Any]) -> None:
    (await house.call("PUT", "/api/v1/accounts/bobby", "lea", json=body)).problem(403, "forbidden")


async def test_a_supervisor_takes_over_no_account_that_holds_more(house: House) -> None:
    """Not by setting a password, and not by naming one of their agents."""
    body = {"agent": "ann", "grants": [{"role": "supervisor", "teams": ["second"]}], "password": "a good long one"}
    await house.call("PUT", "/api/v1/accounts/boss", "root", json=body)
    for login in ("boss", "root", "sam", "eve"):
        (await house.call("PUT", f"/api/v1/accounts/{login}", "lea", json=AGENT)).problem(403, "forbidden")


@pytest.mark.parametrize(
    ("login", "body", "status", "code"),
    [
        ("new", {"grants": [{"role": "agent", "teams": []}], "password": "a good long one"}, 422, "invalid"),
        ("new", {"grants": [{"role": "agent", "teams": ["x"]}], "password": "a good long one"}, 404, "unknown_team"),
        ("new", {"agent": "nobody", "password": "a good long one"}, 404, "unknown_agent"),
        ("new", {"password": "short"}, 422, "invalid"),
        ("new", {"password": "my login is new!"}, 422, "invalid"),
        ("NEW LOGIN", {"password": "a good long one"}, 422, "invalid"),
        ("new", {"password": "a good long one", "version": 7}, 422, "invalid"),
        ("new", {"grants": [{"role": "king"}], "password": "a good long one"}, 422, "invalid"),
    ],
)
async def test_wrong_accounts_are_refused(
    house: House, login: str, body: dict[str, Any], status: int, code: str
) -> None:
    (await house.call("PUT", f"/api/v1/accounts/{login}", "root", json=body)).problem(status, code)
    assert house.accounts.account(login) is None


async def test_a_key_is_shown_once_works_and_is_disabled_for_good(house: House) -> None:
    made = await house.call("POST", "/api/v1/keys", "root", json={"name": "pbx"})
    assert made.status == 201 and made.body["secret"].startswith("fl_")
    bearer = {"Authorization": f"Bearer {made.body['secret']}", "Content-Type": "application/cloudevents+json"}
    event = {
        "specversion": "1.0",
        "id": "1",
        "source": "/pbx",
        "type": "call.offered",
        "data": {"call": "k", "to": "+3225550100"},
    }
    assert (await house.call("POST", "/api/v1/events", headers=bearer, data=json.dumps(event))).status == 202
    (await house.call("GET", "/api/v1/items", headers=bearer)).problem(403, "forbidden")
    assert (await house.call("DELETE", f"/api/v1/keys/{made.body['id']}", "root")).body["disabled"]
    (await house.call("POST", "/api/v1/events", headers=bearer, data="{}")).problem(401, "unauthenticated")
    (await house.call("DELETE", "/api/v1/keys/nothing", "root")).problem(404, "not_found")
