"""Acts of a leader on a person: each is one request, and the account goes with the agent."""

import asyncio
from typing import Any

from tests.api.desk import desk
from tests.api.house import House
from tests.support import eventually

ZOE: dict[str, Any] = {"id": "zoe", "name": "Zoe", "teams": ["first"], "skills": {"fr": 4}, "login": "zoe.w"}


async def test_one_act_makes_an_agent_who_can_log_in_and_work(house: House) -> None:
    made = await house.call("POST", "/api/v1/agents", "lea", json=ZOE)
    assert (made.status, made.body["login"], made.body["agent"]["skills"]) == (201, "zoe.w", {"fr": 4})
    assert made.headers["ETag"] == f'"{made.body["agent"]["revision"]}"'
    first = {"login": "zoe.w", "password": made.body["password"]}
    session = (await house.call("POST", "/api/v1/login", json=first)).body
    bearer = {"Authorization": f"Bearer {session['access_token']}"}
    change = {"old": made.body["password"], "password": "a password of my own"}
    session = (await house.call("POST", "/api/v1/password", headers=bearer, json=change)).body
    assert session["account"]["grants"] == [{"role": "agent", "teams": ["first"]}]
    me = await house.call("GET", "/api/v1/agents/me", headers={"Authorization": f"Bearer {session['access_token']}"})
    assert (me.status, me.body["id"]) == (200, "zoe")
    accounts = (await house.call("GET", "/api/v1/accounts", "lea")).body["rows"]
    assert {row["agent"]: row["login"] for row in accounts}["zoe"] == "zoe.w"


async def test_nothing_is_made_of_what_is_there_already_or_is_not_theirs_to_make(house: House) -> None:
    taken = await house.call("POST", "/api/v1/agents", "lea", json=ZOE | {"login": "ann"})
    assert taken.problem(409, "duplicate_id")["subject"] == "ann"
    there = await house.call("POST", "/api/v1/agents", "lea", json=ZOE | {"id": "bob"})
    assert there.problem(409, "duplicate_id")["subject"] == "bob"
    for teams in (["second"], ["first", "second"], []):
        (await house.call("POST", "/api/v1/agents", "lea", json=ZOE | {"teams": teams})).problem(403, "forbidden")
    (await house.call("POST", "/api/v1/agents", "root", json=ZOE | {"login": "A B"})).problem(422, "invalid")
    (await house.call("POST", "/api/v1/agents", "root", json=ZOE | {"teams": []})).problem(422, "invalid")
    (await house.call("POST", "/api/v1/agents", "root", json=ZOE | {"id": "me"})).problem(400, "bad_request")
    assert house.accounts.account("zoe.w") is None and "zoe" not in house.domain.state.agents


async def test_who_was_interrupted_between_agent_and_account_makes_the_account_by_itself(house: House) -> None:
    assert (await house.call("POST", "/api/v1/agents", "lea", json=ZOE | {"login": ""})).status == 201
    assert house.accounts.account("zoe.w") is None
    made = await house.call(
        "PUT", "/api/v1/accounts/zoe.w", "lea", json={"agent": "zoe", "grants": [{"role": "agent", "teams": ["first"]}]}
    )
    assert (made.status, bool(made.body["password"])) == (201, True)


async def test_a_copy_has_what_the_other_has_for_good(house: House) -> None:
    later = house.deps().clock.now_ms() + 600_000
    await house.call("PUT", "/api/v1/agents/ann/skills/tax", "lea", json={"level": 5, "until_at_ms": later})
    await house.call("PUT", "/api/v1/agents/ann/memberships/expert", "root", json={"order": 3})
    copied = await house.call("POST", "/api/v1/agents/ann/copy", "lea", json={"id": "anna", "name": "Anna"})
    assert (copied.status, copied.body["login"], copied.body["password"]) == (201, "", "")
    like, made = house.domain.state.agents["ann"], house.domain.state.agents["anna"]
    assert (made.teams, made.skills, made.memberships, made.rooms) == (
        like.teams,
        like.skills,
        like.memberships,
        like.rooms,
    )
    assert (made.name, made.phone, made.temporary) == ("Anna", "", ()) and like.temporary
    (await house.call("POST", "/api/v1/agents/ann/copy", "sam", json={"id": "x", "name": "X"})).problem(
        403, "forbidden"
    )


async def test_a_disabled_agent_is_out_at_once_and_their_work_goes_back(house: House) -> None:
    async with desk(house, "ann") as ann:
        await ann.act("presence", state="available")
        item = await house.message("m1")
        await eventually(lambda: item in ann.view["items"])
        await ann.act("accept", item=item)
        assert (await house.call("POST", "/api/v1/agents/ann/disable", "lea")).status == 200
        await asyncio.wait_for(ann.gone.wait(), 3)
    assert house.domain.state.items[item].state == "queued"
    token = await house.token("ann")
    bearer = {"Authorization": f"Bearer {token}"}
    (await house.call("GET", "/api/v1/queues", headers=bearer)).problem(401, "unauthenticated")
    assert (await house.call("POST", "/api/v1/agents/ann/enable", "lea")).status == 200
    house.forget_tokens()
    assert (await house.call("GET", "/api/v1/agents/me", "ann")).body["disabled"] is False


async def test_a_supervisor_shuts_out_nobody_whose_account_holds_more(house: House) -> None:
    """And nothing is done by halves."""
    both = {"agent": "ann", "grants": [{"role": "supervisor", "teams": ["second"]}]}
    assert (await house.call("PUT", "/api/v1/accounts/boss", "root", json=both)).status == 201
    (await house.call("POST", "/api/v1/agents/ann/disable", "lea")).problem(403, "forbidden")
    account = house.accounts.account("ann")
    assert account is not None and not account.disabled and not house.domain.state.agents["ann"].disabled


async def test_the_account_of_a_deleted_agent_is_disabled(house: House) -> None:
    """Nobody becomes the next agent of that name by having been the last one."""
    assert (await house.call("DELETE", "/api/v1/agents/bob", "lea", {"If-Match": "*"})).status == 200
    account = house.accounts.account("bob")
    assert account is not None and account.disabled


async def test_everything_of_an_absent_agent_moves_in_one_act(house: House) -> None:
    await house.sign_on("ann")
    items = [await house.message(f"m{number}") for number in range(2)]
    for item in items:
        await house.call("POST", f"/api/v1/items/{item}/accept", "ann", json={})
    assert (await house.call("POST", "/api/v1/agents/ann/move", "lea", json={"to_agent": "bob"})).status == 200
    assert {house.domain.state.items[item].only for item in items} == {"bob"}
    (await house.call("POST", "/api/v1/agents/bob/move", "lea", json={"to_agent": "bob"})).problem(422, "bad_value")
    (await house.call("POST", "/api/v1/agents/ann/move", "ann", json={})).problem(403, "forbidden")


async def test_agents_find_colleagues_to_hand_work_to_and_see_no_more_of_them(house: House) -> None:
    await house.sign_on("eve")
    rows = (await house.call("GET", "/api/v1/colleagues", "ann")).body["rows"]
    assert [row["id"] for row in rows] == ["bob", "eve"]
    assert rows[1] == {
        "id": "eve",
        "name": "eve",
        "teams": ["second"],
        "state": "available",
        "room": ["phone", "email", "chat"],
    }
    await house.call("POST", "/api/v1/agents/bob/disable", "lea")
    rows = (await house.call("GET", "/api/v1/colleagues?team=first", "eve")).body["rows"]
    assert [row["id"] for row in rows] == ["ann"]
