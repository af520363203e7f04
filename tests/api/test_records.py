"""Editing the centre over REST: nobody overwrites what they have not seen, and it applies to what waits, at once."""

from typing import Any

import pytest

from tests.api.house import House
from tests.support import eventually

BODIES: dict[str, dict[str, Any]] = {
    "skills/piano": {"names": {"en": "Piano"}},
    "teams/third": {"line": 3, "memberships": {"help": {"order": 2, "enabled": True}}},
    "queues/music": {"team": "first", "requirement": {"fr": 2}, "target_ms": {"phone": 5000}},
    "categories/noise": {"queue": "help", "requirement": {"nl": 1}},
    "codes/disposition:tuned": {"kind": "disposition", "names": {"en": "Tuned"}},
    "hours/day": {"zone": "Europe/Brussels", "weekly": [[{"start": 540, "end": 1020}], [], [], [], [], [], []]},
    "entry-points/second": {"channel": "email", "address": "help@example.org", "queue": "help"},
    "rules/vip": {"place": 10, "when": {"tags": ["vip"], "form": {"topic": ["tax"]}}, "queue": "help", "priority": 0},
    "endpoints/pbx": {"url": "https://pbx.example/hook", "events": ["item.reserved"]},
    "agents/zoe": {"name": "Zoe", "teams": ["first"], "skills": {"fr": 2}, "phone": "99"},
}


def said(part: Any, whole: Any) -> bool:
    """Whether an answer says all that was put, beside what is so by default."""
    if isinstance(part, dict):
        return all(key in whole and said(value, whole[key]) for key, value in part.items())
    return bool(part == whole)


@pytest.mark.parametrize("path", BODIES)
async def test_make_read_change_and_delete(house: House, path: str) -> None:
    """The whole ETag flow: 201, 428 without If-Match, 412 with an old one, 200 with the right one."""
    url, body = f"/api/v1/{path}", BODIES[path]
    (await house.call("GET", url, "root")).problem(404, "unknown_record")
    made = await house.call("PUT", url, "root", json=body)
    assert made.status == 201
    assert said(body, made.body)
    read = await house.call("GET", url, "root")
    assert read.headers["ETag"] == made.headers["ETag"] == f'"{made.body["revision"]}"'
    refused = await house.call("PUT", url, "root", json=body)
    assert refused.problem(428, "precondition_required")["current"]["revision"] == made.body["revision"]
    old = await house.call("PUT", url, "root", headers={"If-Match": '"1"'}, json=body)
    assert old.problem(412, "stale_revision")["current"]["id"] == made.body["id"]
    changed = dict(body) | ({"kind": "language"} if path.startswith("skills") else {})
    put = await house.call("PUT", url, "root", headers={"If-Match": read.headers["ETag"]}, json=changed)
    assert put.status == 200
    (await house.call("DELETE", url, "root")).problem(428, "precondition_required")
    gone = await house.call("DELETE", url, "root", headers={"If-Match": put.headers["ETag"]})
    assert gone.status == 200, gone
    answer = await house.call("GET", url, "root", headers={"Firstline-Position": gone.position})
    answer.problem(404, "unknown_record")


@pytest.mark.parametrize("path", sorted({path.partition("/")[0] for path in BODIES}))
async def test_lists_are_paged_by_id(house: House, path: str) -> None:
    everything = (await house.call("GET", f"/api/v1/{path}", "root")).body["rows"]
    found: list[str] = []
    after = ""
    while True:
        page = await house.call("GET", f"/api/v1/{path}?limit=2&after={after}", "root")
        found += [row["id"] for row in page.body["rows"]]
        after = page.body["next"]
        assert ("Link" in page.headers) == bool(after)
        if not after:
            break
    assert found == sorted(row["id"] for row in everything)


async def test_a_record_in_use_is_409_and_one_that_names_nothing_is_404(house: House) -> None:
    tag = (await house.call("GET", "/api/v1/queues/help", "root")).headers["ETag"]
    (await house.call("DELETE", "/api/v1/queues/help", "root", headers={"If-Match": tag})).problem(409, "in_use")
    answer = await house.call("PUT", "/api/v1/queues/new", "root", json={"escalates_to": "nowhere"})
    answer.problem(404, "unknown_queue")
    answer = await house.call("PUT", "/api/v1/queues/new", "root", json={"requirement": {"fr": 9}})
    assert answer.problem(422, "invalid")["errors"]


async def test_if_match_for_something_that_is_not_there_is_412(house: House) -> None:
    answer = await house.call("PUT", "/api/v1/skills/new", "root", headers={"If-Match": '"3"'}, json={})
    answer.problem(412, "stale_revision")
    for tag in ("yesterday", f'"{"9" * 5_000}"'):
        answer = await house.call("PUT", "/api/v1/skills/new", "root", headers={"If-Match": tag}, json={})
        answer.problem(400, "bad_request")


async def test_two_editors_of_one_record_the_second_is_told(house: House) -> None:
    tag = {"If-Match": (await house.call("GET", "/api/v1/queues/help", "lea")).headers["ETag"]}
    body = {"team": "first", "escalates_to": "expert", "reservation_ms": 9_000}
    assert (await house.call("PUT", "/api/v1/queues/help", "lea", tag, json=body)).status == 200
    answer = await house.call("PUT", "/api/v1/queues/help", "root", tag, json=body | {"reservation_ms": 1})
    assert answer.problem(412, "stale_revision")["current"]["reservation_ms"] == 9_000


async def test_supervisors_edit_queues_and_teams_of_theirs_only(house: House) -> None:
    assert (await house.call("PUT", "/api/v1/queues/own", "lea", json={"team": "first"})).status == 201
    (await house.call("PUT", "/api/v1/queues/other", "lea", json={"team": "second"})).problem(403, "forbidden")
    (await house.call("PUT", "/api/v1/queues/nobodys", "lea", json={})).problem(403, "forbidden")
    (await house.call("PUT", "/api/v1/queues/expert", "lea", {"If-Match": "*"}, json={"team": "first"})).problem(
        403, "forbidden"
    )
    (await house.call("PUT", "/api/v1/skills/new", "lea", json={})).problem(403, "forbidden")
    (await house.call("PUT", "/api/v1/teams/second", "lea", {"If-Match": "*"}, json={})).problem(403, "forbidden")


async def test_a_codes_id_begins_with_its_kind(house: House) -> None:
    answer = await house.call("PUT", "/api/v1/codes/tuned", "root", json={"kind": "disposition"})
    assert answer.problem(422, "invalid")["errors"][0]["pointer"] == "/kind"


async def test_a_skill_given_live_wakes_what_waits_for_it(house: House) -> None:
    """The second of docs/walks.md."""
    await house.sign_on("ann")
    tag = {"If-Match": (await house.call("GET", "/api/v1/queues/help", "lea")).headers["ETag"]}
    body = {"team": "first", "escalates_to": "expert", "requirement": {"tax": 3}}
    await house.call("PUT", "/api/v1/queues/help", "lea", tag, json=body)
    item = await house.phone_call()
    assert house.domain.state.items[item].state == "queued"
    reasons = (await house.call("GET", f"/api/v1/items/{item}/explain", "lea")).body["agents"]
    assert {one["agent"] for one in reasons} == {"ann", "bob", "eve"}
    answer = await house.call("PUT", "/api/v1/agents/ann/skills/tax", "lea", json={"level": 3})
    assert answer.status == 200
    await eventually(lambda: house.domain.state.items[item].agent == "ann")
    agent = await house.call("GET", "/api/v1/agents/ann", "lea", headers={"Firstline-Position": answer.position})
    assert agent.body["skills"] == {"fr": 3, "nl": 4, "tax": 3}


async def test_the_single_facts_of_an_agent(house: House) -> None:
    root = "/api/v1/agents/ann"
    assert (await house.call("DELETE", f"{root}/skills/nl", "lea")).status == 200
    assert (await house.call("PUT", f"{root}/capacity/chat", "lea", json={"maximum": 5, "weight": 20})).status == 200
    assert (await house.call("DELETE", f"{root}/capacity/email", "lea")).status == 200
    assert (await house.call("PUT", f"{root}/memberships/expert", "root", json={"order": 3})).status == 200
    assert (
        await house.call("PUT", "/api/v1/agents/me/phone", "ann", json={"phone": "sip:ann@example.org"})
    ).status == 200
    view = (await house.call("GET", root, "lea")).body
    assert view["skills"] == {"fr": 3}
    assert said({"maximum": 5, "weight": 20}, view["rooms"]["chat"]) and "email" not in view["rooms"]
    assert said({"order": 3, "enabled": True}, view["memberships"]["expert"])
    assert view["phone"] == "sip:ann@example.org"
    assert (await house.call("DELETE", f"{root}/memberships/expert", "lea")).status == 200
    (await house.call("PUT", f"{root}/capacity/fax", "lea", json={"maximum": 1, "weight": 1})).problem(404, "not_found")
    (await house.call("PUT", f"{root}/skills/tax", "lea", {"If-Match": '"1"'}, json={"level": 1})).problem(
        412, "stale_revision"
    )
    (await house.call("PUT", f"{root}/skills/juggling", "lea", json={"level": 1})).problem(404, "unknown_skill")
    (await house.call("GET", "/api/v1/agents/me", "root")).problem(404, "unknown_agent")


async def test_agents_are_listed_for_those_who_may_see_them(house: House) -> None:
    ids = [row["id"] for row in (await house.call("GET", "/api/v1/agents", "lea")).body["rows"]]
    assert ids == ["ann", "bob"]
    assert [row["id"] for row in (await house.call("GET", "/api/v1/agents", "ann")).body["rows"]] == ["ann"]
    everybody = (await house.call("GET", "/api/v1/agents?team=second", "root")).body["rows"]
    assert [row["id"] for row in everybody] == ["eve"]
    assert (await house.call("GET", "/api/v1/agents?state=available", "root")).body["rows"] == []


async def test_a_queue_shows_what_waits_in_it(house: House) -> None:
    await house.phone_call()
    queue = next(row for row in (await house.call("GET", "/api/v1/queues", "ann")).body["rows"] if row["id"] == "help")
    assert queue["waiting"] == 1 and queue["oldest_entered_at_ms"] > 0


async def test_a_queue_says_whether_it_is_open(house: House) -> None:
    closed = {"zone": "Europe/Brussels", "weekly": [[], [], [], [], [], [], []]}
    assert (await house.call("PUT", "/api/v1/hours/never", "root", json=closed)).status == 201
    assert (await house.call("PUT", "/api/v1/queues/night", "root", json={"hours": "never"})).status == 201
    rows = (await house.call("GET", "/api/v1/queues", "ann")).body["rows"]
    assert {row["id"]: row["open"] for row in rows}["night"] is False
    assert {row["id"]: row["open"] for row in rows}["help"] is True


@pytest.mark.parametrize("wrong", [{"zone": "Europe/Atlantis"}, {"zone": "../etc"}, {"holidays": "XX"}])
async def test_hours_of_nowhere_are_refused(house: House, wrong: dict[str, str]) -> None:
    hours = {"zone": "Europe/Brussels", "weekly": [[], [], [], [], [], [], []]} | wrong
    refused = await house.call("PUT", "/api/v1/hours/odd", "root", json=hours)
    assert refused.problem(422, "invalid")["errors"][0]["pointer"] == f"/{next(iter(wrong))}"


YAML = {"Content-Type": "application/yaml"}


async def test_the_centre_goes_out_and_in_as_a_file(house: House) -> None:
    out = await house.call("GET", "/api/v1/centre", "root")
    assert out.status == 200 and "help" in out.body
    same = await house.call("POST", "/api/v1/centre/apply", "root", YAML, data=out.body)
    assert same.body["applied"] is False and same.body["differences"] == []
    added = out.body.replace("skills:\n", "skills:\n  piano: {}\n", 1)
    dry = await house.call("POST", "/api/v1/centre/apply?dry_run=true", "root", YAML, data=added)
    assert (dry.body["applied"], dry.body["differences"][0]["id"]) == (False, "piano")
    assert "piano" not in house.domain.state.skills
    assert (await house.call("POST", "/api/v1/centre/apply", "root", YAML, data=added)).body["applied"]
    assert "piano" in house.domain.state.skills
    broken = await house.call("POST", "/api/v1/centre/apply", "root", YAML, data="queues: [\n")
    assert broken.problem(422, "centre_invalid")["errors"]
    wrong = await house.call("POST", "/api/v1/centre/apply", "root", {"Content-Type": "text/plain"}, data="x")
    wrong.problem(415, "unsupported_media_type")


async def test_a_file_older_than_a_live_change_is_refused_until_a_side_is_taken(house: House) -> None:
    out = (await house.call("GET", "/api/v1/centre", "root")).body
    await house.call("PUT", "/api/v1/agents/ann/skills/tax", "lea", json={"level": 2})
    conflict = await house.call("POST", "/api/v1/centre/apply", "root", YAML, data=out)
    said = conflict.problem(409, "centre_conflict")["current"]
    assert said["conflicts"] == [["agent", "ann"]]
    live = await house.call("POST", "/api/v1/centre/apply?take=live", "root", YAML, data=out)
    assert (live.body["applied"], live.body["kept"]) == (False, [["agent", "ann"]])
    taken = await house.call("POST", "/api/v1/centre/apply?take=file", "root", YAML, data=out)
    assert taken.body["applied"] and int(taken.position) > 0
    assert dict(house.domain.state.agents["ann"].skills) == {"fr": 3, "nl": 4}


async def test_a_skill_that_is_deleted_may_become_another_one(house: House) -> None:
    """What names it names the other one, in the same change; without that it is refused while it is used."""
    await house.call("PUT", "/api/v1/skills/dutch", "root", json={"kind": "language"})
    etag = (await house.call("GET", "/api/v1/skills/nl", "root")).headers["ETag"]
    refused = await house.call("DELETE", "/api/v1/skills/nl", "root", headers={"If-Match": etag})
    refused.problem(409, "in_use")
    wrong = await house.call("DELETE", "/api/v1/skills/nl?becomes=latin", "root", headers={"If-Match": etag})
    wrong.problem(404, "unknown_skill")
    gone = await house.call("DELETE", "/api/v1/skills/nl?becomes=dutch", "root", headers={"If-Match": etag})
    assert gone.status == 200, gone
    ann = await house.call("GET", "/api/v1/agents/ann", "root", headers={"Firstline-Position": gone.position})
    assert ann.body["skills"] == {"fr": 3, "dutch": 4}
    other = await house.call("DELETE", "/api/v1/queues/help?becomes=x", "root", headers={"If-Match": "*"})
    assert other.status in (400, 409, 422)


async def test_an_unknown_field_of_a_part_is_refused_where_it_stands(house: House) -> None:
    """A rule whose condition is misspelt would take everything."""
    for path, body, pointer in (
        ("rules/r", {"when": {"keyword": ["x"]}}, "/when/keyword"),
        ("queues/q", {"plan": [{"after_ms": 1, "lowers": {}}]}, "/plan/0/lowers"),
        ("queues/q", {"comparator": {"kind": "slope", "base": 1}}, "/comparator/base"),
        ("teams/t", {"memberships": {"help": {"delay": 1}}}, "/memberships/-/delay"),
    ):
        refused = await house.call("PUT", f"/api/v1/{path}", "root", json=body)
        problem = refused.problem(422, "invalid")
        assert problem["errors"][0]["pointer"] == pointer, problem
