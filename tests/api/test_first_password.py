"""First passwords: said once, good for choosing one's own, and for nothing else."""

import asyncio
import re

import pytest
import socketio

from router.api.app import route_table
from router.api.first_password import first_password
from router.runtime.system import SystemIds
from tests.api.desk import Desk, desk
from tests.api.house import PASSWORD, Answer, House

OWN = "a password of my own"
AGENT = {"agent": "ann", "grants": [{"role": "agent", "teams": ["first"]}]}


async def login(house: House, login: str, password: str) -> Answer:
    return await house.call("POST", "/api/v1/login", json={"login": login, "password": password})


def bearer(session: Answer) -> dict[str, str]:
    return {"Authorization": f"Bearer {session.body['access_token']}"}


def test_it_is_made_of_words_that_can_be_said_and_no_two_are_alike() -> None:
    ids = SystemIds()
    made = {first_password(ids) for _ in range(100)}
    assert len(made) == 100
    assert all(re.fullmatch(r"([bdfghjklmnprstvz][aiou]){2}[bdfghjklmnprstvz]", word) for word in _words(made))


def _words(made: set[str]) -> list[str]:
    words = [one.split("-") for one in made]
    assert {len(one) for one in words} == {4}
    return [word for one in words for word in one]


async def test_a_new_account_chooses_its_own_password_before_anything_else(house: House) -> None:
    """Whatever the rights that come with it."""
    body = {"agent": "ann", "grants": [{"role": "admin"}]}
    made = await house.call("PUT", "/api/v1/accounts/new", "root", json=body)
    assert (made.status, made.body["must_change"]) == (201, True)
    session = await login(house, "new", made.body["password"])
    assert (session.status, session.body["must_change"], session.body["account"]["must_change"]) == (200, True, True)
    for route in route_table():
        if route.action not in ("public", "session"):
            answer = await house.call(route.method, re.sub(r"\{\w+\}", "x", route.path), headers=bearer(session))
            answer.problem(403, "password_change_required")
    one = Desk(house)
    with pytest.raises(socketio.exceptions.ConnectionError):
        await one.connect({"token": session.body["access_token"]})
    change = {"old": made.body["password"], "password": OWN}
    same = await house.call(
        "POST", "/api/v1/password", headers=bearer(session), json=change | {"password": change["old"]}
    )
    assert same.problem(422, "invalid")["errors"][0]["pointer"] == "/password"
    changed = await house.call("POST", "/api/v1/password", headers=bearer(session), json=change)
    assert (changed.status, changed.body["must_change"]) == (200, False)
    assert (await house.call("GET", "/api/v1/keys", headers=bearer(changed))).status == 200
    (await login(house, "new", made.body["password"])).problem(401, "login_failed")


async def test_a_reset_ends_every_session_and_gives_a_password_for_once(house: House) -> None:
    async with desk(house, "ann") as ann:
        answer = await house.call("POST", "/api/v1/accounts/ann/reset", "lea")
        assert (answer.status, answer.body["login"]) == (200, "ann")
        await asyncio.wait_for(ann.gone.wait(), 3)
    (await house.call("GET", "/api/v1/queues", "ann")).problem(401, "unauthenticated")
    (await login(house, "ann", PASSWORD)).problem(401, "login_failed")
    assert (await login(house, "ann", answer.body["password"])).body["must_change"]
    (await house.call("POST", "/api/v1/accounts/nobody/reset", "lea")).problem(404, "not_found")


async def test_a_supervisor_resets_no_account_that_holds_more_than_an_agent_of_theirs(house: House) -> None:
    both = AGENT | {"grants": [*AGENT["grants"], {"role": "supervisor", "teams": ["second"]}]}
    assert (await house.call("PUT", "/api/v1/accounts/boss", "root", json=both)).status == 201
    for name in ("boss", "root", "sam", "eve", "lea"):
        (await house.call("POST", f"/api/v1/accounts/{name}/reset", "lea")).problem(403, "forbidden")
    assert (await house.call("POST", "/api/v1/accounts/boss/reset", "root")).status == 200


async def test_a_password_that_somebody_else_chose_must_be_changed_unless_they_say_otherwise(house: House) -> None:
    for told, expected in (({}, True), ({"must_change": False}, False)):
        answer = await house.call("PUT", "/api/v1/accounts/ann", "lea", json=AGENT | {"password": OWN} | told)
        assert (answer.status, answer.body["must_change"]) == (200, expected)
        assert (await login(house, "ann", OWN)).body["must_change"] is expected


async def test_an_edit_of_the_account_does_not_lift_it(house: House) -> None:
    first = (await house.call("POST", "/api/v1/accounts/ann/reset", "lea")).body["password"]
    edited = await house.call("PUT", "/api/v1/accounts/ann", "lea", json=AGENT | {"must_change": False})
    assert edited.body["must_change"] and "password" not in edited.body
    assert (await login(house, "ann", first)).body["must_change"]
