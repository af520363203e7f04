"""Edits while it runs that are not for good: lent skills and memberships, and queues closed by hand."""

import pytest

from tests.api.house import House
from tests.support import eventually

MINUTE_MS = 60_000
SHORTLY_MS = 1_000  # on a busy machine a request may take half of it


def soon(house: House, ms: int) -> int:
    return house.deps().clock.now_ms() + ms


async def test_a_skill_lent_for_a_moment_is_gone_by_itself(house: House) -> None:
    """And `record`, which is what may be put, never had it."""
    url = "/api/v1/agents/ann"
    until = soon(house, SHORTLY_MS)
    lent = await house.call("PUT", f"{url}/skills/tax", "lea", json={"level": 3, "until_at_ms": until})
    assert lent.status == 200
    now = (await house.call("GET", url, "lea")).body
    assert (now["skills"], now["record"]["skills"]) == ({"fr": 3, "nl": 4, "tax": 3}, {"fr": 3, "nl": 4})
    assert now["temporary"] == [{"skill": "tax", "level": 3, "until_at_ms": until}]
    await eventually(lambda: not house.domain.state.agents["ann"].temporary)
    assert (await house.call("GET", url, "lea")).body["skills"] == {"fr": 3, "nl": 4}


async def test_what_is_taken_for_a_time_comes_back(house: House) -> None:
    url = "/api/v1/agents/ann"
    until = soon(house, SHORTLY_MS)
    assert (await house.call("DELETE", f"{url}/skills/fr?until_at_ms={until}", "lea")).status == 200
    assert (await house.call("DELETE", f"{url}/memberships/help?until_at_ms={until}", "lea")).status == 200
    now = (await house.call("GET", url, "lea")).body
    assert (now["skills"], now["memberships"]) == ({"nl": 4}, {})
    await eventually(lambda: not house.domain.state.agents["ann"].temporary)
    now = (await house.call("GET", url, "lea")).body
    assert (now["skills"], list(now["memberships"])) == ({"fr": 3, "nl": 4}, ["help"])


@pytest.mark.parametrize("until", [1, 2**60])
async def test_an_end_that_is_past_or_too_far_off_is_refused(house: House, until: int) -> None:
    answer = await house.call("PUT", "/api/v1/agents/ann/skills/tax", "lea", json={"level": 3, "until_at_ms": until})
    answer.problem(422, "bad_date")


async def test_an_agent_shows_all_of_how_they_serve_a_queue(house: House) -> None:
    url = "/api/v1/agents/ann"
    how = {"order": 2, "enabled": True, "priority": 5, "delay_ms": 20_000, "weight": 3}
    assert (await house.call("PUT", f"{url}/memberships/help", "lea", json=how)).status == 200
    assert (await house.call("GET", url, "ann")).body["memberships"] == {"help": how}


async def test_agents_do_not_keep_what_is_lent_to_them(house: House) -> None:
    """They may switch what is theirs; what is theirs for a time stays so."""
    url = "/api/v1/agents/ann/memberships/expert"
    lent = {"order": 2, "until_at_ms": soon(house, MINUTE_MS)}
    assert (await house.call("PUT", url, "root", json=lent)).status == 200
    (await house.call("PUT", url, "ann", json={"order": 2})).problem(403, "forbidden")
    own = {"order": 1, "enabled": False, "until_at_ms": soon(house, MINUTE_MS)}
    (await house.call("PUT", "/api/v1/agents/ann/memberships/help", "ann", json=own)).problem(403, "forbidden")


async def test_an_agents_record_can_be_put_as_it_was_read(house: House) -> None:
    """What is lent and what comes from the team does not become theirs for good."""
    await house.call(
        "PUT", "/api/v1/agents/ann/skills/tax", "lea", json={"level": 3, "until_at_ms": soon(house, MINUTE_MS)}
    )
    read = await house.call("GET", "/api/v1/agents/ann", "lea")
    before = house.domain.state.agents["ann"]
    body = read.body["record"] | {"name": "Ann C."}
    put = await house.call("PUT", "/api/v1/agents/ann", "lea", {"If-Match": read.headers["ETag"]}, json=body)
    assert put.status == 200, put
    after = house.domain.state.agents["ann"]
    assert (after.name, after.skills, after.memberships, after.temporary) == (
        "Ann C.",
        before.skills,
        before.memberships,
        before.temporary,
    )


async def test_a_queue_is_closed_and_opened_by_hand(house: House) -> None:
    url = "/api/v1/queues/help"
    tag = (await house.call("GET", url, "lea")).headers["ETag"]
    body = {"message": {"en": "Back at nine.", "fr": "De retour à neuf heures."}, "overflow": "expert"}
    assert (await house.call("POST", f"{url}/close", "lea", {"If-Match": tag}, json=body)).status == 200
    (await house.call("POST", f"{url}/close", "lea", {"If-Match": tag}, json={})).problem(412, "stale_revision")
    closed = (await house.call("GET", url, "ann")).body["closed"]
    assert closed.pop("since_at_ms") > 0 and closed == body | {"callback": False}
    rows = (await house.call("GET", "/api/v1/queues", "ann")).body["rows"]
    assert {row["id"]: bool(row["closed"]) for row in rows} == {"expert": False, "help": True}
    item = await house.message("m1")
    assert house.domain.state.items[item].queue == "expert"
    tag = (await house.call("GET", url, "lea")).headers["ETag"]
    put = await house.call("PUT", url, "lea", {"If-Match": tag}, json={"team": "first", "priority": 1})
    assert (put.status, put.body["closed"]["overflow"]) == (200, "expert")
    assert (await house.call("POST", f"{url}/open", "lea")).status == 200
    assert (await house.call("GET", url, "ann")).body["closed"] is None


async def test_a_queue_does_not_flow_over_into_itself(house: House) -> None:
    answer = await house.call("POST", "/api/v1/queues/help/close", "lea", json={"overflow": "help"})
    answer.problem(422, "overflow_loop")
    (await house.call("POST", "/api/v1/queues/nothing/close", "lea", json={})).problem(404, "unknown_record")
    many = {"message": {f"l{number}": "x" for number in range(31)}}
    (await house.call("POST", "/api/v1/queues/help/close", "lea", json=many)).problem(422, "invalid")
