"""Deny by default: every route, walked with every kind of caller."""

import re
from typing import Any

import pytest

from router.api.app import route_table
from router.api.pages import FILES, PAGES
from router.api.rights import RIGHTS, Principal, may, may_ever
from router.api.routes import Route
from router.runtime.accounts import Grant
from tests.api.house import House

PUBLIC = {"/api/v1/login", "/healthz", "/readyz", "/openapi.json", "/docs"}

CALLERS = ("ann", "lea", "root", "key")


def allowed(who: str, action: str) -> bool:
    """Written down here a second time: which caller may ever do which action."""
    agent = {"session", "centre.read", "agent.read", "agent.act", "item.list", "item.read", "item.explain"}
    agent |= {"item.work", "item.note", "conversation.read", "receipt.read", "colleague.read", "customer.read"}
    agent |= {"customer.edit", "question.answer", "callback.ask"}
    supervisor = agent | {"team.edit", "queue.edit", "agent.edit", "item.supervise", "account.edit", "audit.read"}
    supervisor |= {"report.read", "board.read"}
    admin = supervisor | {"centre.edit", "centre.export", "event.post", "key.edit", "metrics.read"}
    key = {"event.post", "receipt.read", "item.read", "metrics.read", "callback.ask"}
    return action in {"ann": agent, "lea": supervisor, "root": admin, "key": key}[who]


def path_of(route: Route) -> str:
    """The path with ids that lead nowhere."""
    return re.sub(r"\{\w+\}", "nothing", route.path)


def body_of(route: Route) -> Any:
    return None if route.method == "GET" else {}


async def test_every_route_but_the_public_ones_refuses_the_anonymous(house: House) -> None:
    assert {route.path for route in route_table() if route.action == "public"} == PUBLIC
    for route in route_table():
        if route.action != "public":
            answer = await house.call(route.method, path_of(route), json=body_of(route))
            answer.problem(401, "unauthenticated")
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("credential", ["Bearer nonsense", "Bearer fl_nonsense", "Basic cm9vdDpyb290", "Bearer", ""])
async def test_a_bad_credential_is_nobody(house: House, credential: str) -> None:
    answer = await house.call("GET", "/api/v1/queues", headers={"Authorization": credential})
    answer.problem(401, "unauthenticated")


@pytest.mark.parametrize("who", CALLERS)
async def test_every_route_refuses_the_wrong_roles(house: House, who: str) -> None:
    for route in route_table():
        if route.action == "public" or route.path in ("/api/v1/logout", "/api/v1/password"):
            continue
        answer = await house.call(route.method, path_of(route), who, json=body_of(route))
        if allowed(who, route.action):
            assert answer.status not in (401, 500), (route.method, route.path, answer)
        else:
            answer.problem(403, "forbidden")


async def test_every_route_of_the_server_is_in_the_table(house: House) -> None:
    """Nothing is served that the walk does not see, but the sockets and the pages, which are files for everybody."""
    pages = set(PAGES) | {f"/{name}" for name in FILES}
    table = {(route.method, route.path) for route in route_table()}
    served = {
        (route.method, route.resource.canonical)
        for route in house.app.router.routes()
        if route.resource is not None and route.method != "HEAD"
    }
    assert {one for one in served if not one[1].startswith("/socket.io") and one[1] not in pages} == table


def test_every_action_of_a_route_has_a_line_and_every_line_a_route() -> None:
    used = {route.action for route in route_table()} - {"public"}
    assert used == set(RIGHTS)


def test_a_role_counts_only_for_the_teams_it_names() -> None:
    lea = Principal(by="login:lea", login="lea", grants=(Grant(role="supervisor", teams=("first",)),))
    assert may(lea, "agent.edit", ("first",))
    assert may(lea, "agent.edit", ("second", "first"))
    assert not may(lea, "agent.edit", ("second",))
    assert not may(lea, "agent.edit", ())


def test_a_supervisor_without_teams_supervises_nobody() -> None:
    nobody = Principal(by="login:x", login="x", grants=(Grant(role="supervisor"),))
    assert not may(nobody, "agent.edit", ("first",))


def test_an_admin_of_some_teams_is_no_admin_of_the_centre() -> None:
    some = Principal(by="login:x", login="x", grants=(Grant(role="admin", teams=("first",)),))
    assert may(some, "agent.edit", ("first",))
    assert not may(some, "agent.edit", ("second",))
    assert not may_ever(some, "centre.edit")
    assert not may_ever(some, "key.edit")


def test_one_account_may_hold_several_roles() -> None:
    """A leader is also an agent, and the one does not give the other's rights."""
    both = Principal(
        by="login:x",
        login="x",
        agent="ann",
        grants=(Grant(role="agent", teams=("first",)), Grant(role="supervisor", teams=("second",))),
    )
    assert may(both, "agent.act", ("first",), ("ann",))
    assert not may(both, "agent.edit", ("first",), ("ann",))
    assert may(both, "agent.edit", ("second",), ("eve",))


async def test_agents_act_only_as_themselves(house: House) -> None:
    await house.sign_on("bob")
    item = await house.phone_call()
    assert (await house.call("POST", f"/api/v1/items/{item}/accept", "ann", json={})).status == 409
    (await house.call("POST", f"/api/v1/items/{item}/accept", "ann", json={"agent": "bob"})).problem(403, "forbidden")
    for path in ("presence", "phone"):
        body = {"state": "offline"} if path == "presence" else {"phone": "666"}
        (await house.call("PUT", f"/api/v1/agents/bob/{path}", "ann", json=body)).problem(403, "forbidden")
    assert (await house.call("POST", f"/api/v1/items/{item}/accept", "bob", json={})).status == 200


async def test_a_supervisor_acts_on_items_and_agents_of_their_teams_only(house: House) -> None:
    await house.sign_on("ann")
    item = await house.phone_call()
    (await house.call("POST", f"/api/v1/items/{item}/requeue", "sam", json={})).problem(403, "forbidden")
    (await house.call("POST", f"/api/v1/items/{item}/transfer", "sam", json={"queue": "expert"})).problem(
        403, "forbidden"
    )
    assert (await house.call("PUT", "/api/v1/agents/ann/skills/tax", "lea", json={"level": 2})).status == 200
    (await house.call("PUT", "/api/v1/agents/ann/skills/tax", "sam", json={"level": 2})).problem(403, "forbidden")
    assert (await house.call("POST", f"/api/v1/items/{item}/transfer", "lea", json={"queue": "expert"})).status == 200


async def test_an_agent_sees_their_items_and_what_waits_for_them(house: House) -> None:
    item = await house.phone_call(queue="expert")
    (await house.call("GET", f"/api/v1/items/{item}", "ann")).problem(403, "forbidden")
    assert (await house.call("GET", f"/api/v1/items/{item}", "eve")).status == 200
    listed = await house.call("GET", "/api/v1/items", "ann")
    assert listed.body["rows"] == []
    assert [row["id"] for row in (await house.call("GET", "/api/v1/items", "eve")).body["rows"]] == [item]


async def test_an_agent_switches_an_overflow_membership_and_nothing_else(house: House) -> None:
    on = await house.call("PUT", "/api/v1/agents/me/memberships/help", "ann", json={"order": 1, "enabled": False})
    assert on.status == 200
    other = await house.call("PUT", "/api/v1/agents/me/memberships/help", "ann", json={"order": 9, "enabled": True})
    other.problem(403, "forbidden")
    new = await house.call("PUT", "/api/v1/agents/me/memberships/expert", "ann", json={"enabled": True})
    new.problem(403, "forbidden")


async def test_a_supervisor_moves_agents_only_between_teams_of_theirs(house: House) -> None:
    tag = (await house.call("GET", "/api/v1/agents/ann", "lea")).headers["ETag"]
    body = {"name": "ann", "teams": ["first", "second"]}
    answer = await house.call("PUT", "/api/v1/agents/ann", "lea", headers={"If-Match": tag}, json=body)
    answer.problem(403, "forbidden")
    body["teams"] = ["first"]
    answer = await house.call("PUT", "/api/v1/agents/ann", "lea", headers={"If-Match": tag}, json=body)
    assert answer.status == 200


async def test_a_note_comes_from_whoever_may_read_the_item_and_in_their_own_name(house: House) -> None:
    item = await house.phone_call(queue="expert")
    note = f"/api/v1/items/{item}/note"
    (await house.call("POST", note, "ann", json={"text": "not mine"})).problem(403, "forbidden")
    (await house.call("POST", note, "sam", json={"text": "x", "agent": "ann"})).problem(403, "forbidden")
    assert (await house.call("POST", note, "eve", json={"text": "her number is 0470"})).status == 200
    assert (await house.call("POST", note, "sam", json={"text": "known"})).status == 200


async def test_an_integrator_reads_no_texts_of_notes(house: House) -> None:
    item = await house.phone_call()
    await house.call("POST", f"/api/v1/items/{item}/note", "ann", json={"text": "her number is 0470"})
    rows = [(await house.call("GET", f"/api/v1/items/{item}/timeline", who)).body["rows"] for who in ("ann", "key")]
    assert [row[-1].get("text") for row in rows] == ["her number is 0470", None]
