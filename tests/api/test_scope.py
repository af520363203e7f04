"""Own teams only: every route of the API, called by people of another team on what is the first team's.

The supervisor of another team, an agent of another team and an integrator get what `TO_BE_TOLD` says, and after all
of it nothing has changed.
"""

import base64
import re
from typing import Any

import pytest

from router.api.app import route_table
from router.api.routes import Route
from tests.api.examples import CHANGES, Example, prepare, sent
from tests.api.house import House

NAMES = {
    "agent": "ann",
    "login": "ann",
    "item": "item-m1",
    "conversation": "conv-m1",
    "seq": "1",
    "index": "0",
    "customer": "cust",
    "skill": "tax",
    "queue": "help",
    "channel": "email",
    "key": "key_tests",
    "receipt": base64.urlsafe_b64encode(b"rest:login:ann:n1.1").decode().rstrip("="),
}
"""Path parameter -> something of the first team."""

RECORDS = {"queues": "help", "teams": "first", "skills": "fr", "categories": "tax_question"}
BODIES = {
    "reply": {"text": "hello"},
    "note": {"text": "mine now"},
    "category": {"category": "tax_question"},
    "outcome": {"disposition": "solved"},
    "customer": {"customer": "cust"},
    "search": {"q": "jan"},
    "preview": {"skills": [{"agent": "ann", "skill": "tax", "level": 1}]},
    "complete": {"disposition": "solved"},
    "return": {"kind": "wrongly_routed", "reason": "not_ours"},
    "handover": {"consult": "item-q1"},
    "split": {"parts": [{"queue": "expert"}]},
    "merge": {"into": "item-m1"},
    "dismiss": {"code": "spam"},
    "ask": {"code": "refund", "reason": "why"},
    "typing": {"on": True},
    "seen": {"up_to": 1},
    "presence": {"state": "offline"},
    "call_back": {"number": "+32 2 555 01 23"},
    "callbacks": {"queue": "help", "number": "nobody"},
}
OWN = {"public", "session"}
"""Actions on nothing of anybody else's."""
FOR_ALL_PEOPLE = {"centre.read", "colleague.read", "customer.read", "customer.edit"}
LISTS = {
    "/api/v1/questions",
    "/api/v1/items",
    "/api/v1/agents",
    "/api/v1/accounts",
    "/api/v1/audit",
    "/api/v1/reports/day",
    "/api/v1/board",
    "/api/v1/skill-matrix",
}
"""Lists that hold what the caller may see; an agent, and an integrator, may not ask for all of them."""


def to_be_told(who: str, route: Route) -> set[int]:
    """The statuses that somebody of another team may get."""
    if route.action in FOR_ALL_PEOPLE:
        return {403} if who == "key" else {200, 201, 400, 404}
    if who == "key" and route.action in ("item.read", "event.post", "metrics.read", "callback.ask"):
        return {200, 404, 422}
    if route.action == "receipt.read":
        return {404}
    if route.path in LISTS and route.method == "GET":
        return {200, 403}
    if who == "eve" and route.action == "item.work" and route.path.startswith("/api/v1/items/"):
        if route.path.endswith("/merge"):
            return {403}  # who merges must be allowed to read both
        return {409}  # agents may do it to items of theirs; this one is `not_yours`
    return {403}


def example_of(route: Route, house: House) -> Example:
    """A request that would work for whoever may make it."""
    names = NAMES | {
        "id": RECORDS.get(route.path.removeprefix("/api/v1/").partition("/")[0], "nothing"),
        "delivery": _delivery(house),
    }
    path = re.sub(r"\{(\w+)\}", lambda found: names[found.group(1)], route.path)
    bodies = {(one.method, one.route): one.body for one in CHANGES}
    body = bodies.get((route.method, route.path), BODIES.get(path.rpartition("/")[2], {}))
    return Example(route.method, route.path, path, None if route.method == "GET" else body)


def _delivery(house: House) -> str:
    return next(iter(house.domain.state.deliveries))


@pytest.mark.parametrize("who", ["sam", "eve", "key"])
async def test_nobody_of_another_team_reads_or_changes_anything(house: House, who: str) -> None:
    await prepare(house)
    await house.call("POST", "/api/v1/items/item-m1/reply", "ann", json={"text": "hello"})
    before = (house.domain.state.digest(), list(house.accounts.accounts()), list(house.accounts.keys()))
    for route in route_table():
        if route.action not in OWN:
            answer = await sent(house, example_of(route, house), who)
            assert answer.status in to_be_told(who, route), (route.method, route.path, answer)
    assert (house.domain.state.digest(), list(house.accounts.accounts()), list(house.accounts.keys())) == before


@pytest.mark.parametrize("path", ["items", "agents", "accounts"])
async def test_lists_hold_nothing_of_another_team(house: House, path: str) -> None:
    await house.message("m1")
    mine, theirs = [(await house.call("GET", f"/api/v1/{path}", who)).body["rows"] for who in ("lea", "sam")]
    assert mine and not [row for row in theirs if row in mine]


async def test_the_same_requests_work_for_whoever_leads_the_team(house: House) -> None:
    """So that the refusals above are refusals of the person, and not of a wrong request."""
    await prepare(house)
    for example in CHANGES:
        if example.leaves[0][0] in ("agent", "account", "queue", "item") and example.who == "root":
            answer = await sent(house, example, "lea")
            assert answer.status in (200, 201), (example, answer)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "/api/v1/agents/eve/memberships/help", {"order": 1}),
        ("PUT", "/api/v1/agents/new", {"teams": ["second"], "memberships": {"help": {}}}),
        ("POST", "/api/v1/agents", {"id": "new", "name": "New", "teams": ["second"], "memberships": {"help": {}}}),
        ("PUT", "/api/v1/teams/second", {"memberships": {"help": {}}}),
    ],
)
async def test_nobody_lets_their_agents_serve_a_queue_of_another_team(
    house: House, method: str, path: str, body: dict[str, Any]
) -> None:
    """Who serves a queue reads what waits there: its own leader, or an admin, decides that."""
    refused = await house.call(method, path, "sam", headers={"If-Match": "*"} if "new" not in path else {}, json=body)
    refused.problem(403, "forbidden")
    state = house.domain.state
    assert "help" not in state.memberships(state.agents["eve"])
    allowed = await house.call(
        method, path, "root", headers={"If-Match": "*"} if method == "PUT" and "new" not in path else {}, json=body
    )
    assert allowed.status in (200, 201), allowed
