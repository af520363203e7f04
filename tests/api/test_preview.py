"""A preview by REST: in the rights of who asks, beside the node's own work, and nothing is changed."""

from typing import Any

import pytest

from tests.api.house import House

TAX: dict[str, Any] = {"skills": [{"agent": "ann", "skill": "tax", "level": 3}]}


async def test_a_leader_sees_what_their_change_would_do(house: House) -> None:
    await house.sign_on("ann")
    before = house.domain.state.digest()
    answer = await house.call("POST", "/api/v1/preview", "lea", json=TAX)
    assert answer.status == 200, answer
    assert answer.body["position"] == house.domain.position and answer.body["refused"] is None
    assert answer.body["events"] == {"AgentSkillsChanged": 1} and answer.body["queues"] == {}
    assert house.domain.state.digest() == before


async def test_records_members_and_skills_are_one_change(house: House) -> None:
    await house.sign_on("eve")
    item = await house.message("m1")
    body = {
        "records": [{"kind": "queue", "id": "help", "record": {"team": "first", "requirement": {"tax": 5}}}],
        "memberships": [{"agent": "eve", "queue": "help", "membership": {"order": 2}}],
        "skills": [{"agent": "eve", "skill": "tax", "level": 5}],
    }
    found = (await house.call("POST", "/api/v1/preview", "root", json=body)).body
    assert found["offers"] == [{"item": item, "queue": "help", "agent": "eve"}]
    assert (found["queues"]["help"]["gained"], found["queues"]["help"]["lost"]) == (1, 1)
    assert found["items"][0]["gained"] == ["eve"] and sorted(found["items"][0]["lost"]) == ["ann", "bob"]
    assert house.domain.state.items[item].state == "queued"


@pytest.mark.parametrize(
    ("who", "body", "status", "code"),
    [
        ("sam", TAX, 403, "forbidden"),
        ("ann", TAX, 403, "forbidden"),
        ("lea", {"records": [{"kind": "skill", "id": "tax"}]}, 403, "forbidden"),
        ("sam", {"memberships": [{"agent": "eve", "queue": "help", "membership": {}}]}, 403, "forbidden"),
        ("lea", {"skills": [{"agent": "ann", "skill": "piano", "level": 1}]}, 404, "unknown_skill"),
        ("lea", {"records": [{"kind": "queue", "id": "help", "record": {"color": "red"}}]}, 422, "invalid"),
    ],
)
async def test_nobody_previews_what_they_may_not_do(
    house: House, who: str, body: dict[str, Any], status: int, code: str
) -> None:
    (await house.call("POST", "/api/v1/preview", who, json=body)).problem(status, code)


async def test_hours_of_a_time_zone_that_is_none_are_refused_as_in_the_edit(house: House) -> None:
    week: list[list[Any]] = [[] for _ in range(7)]
    records = [{"kind": "hours", "id": id, "record": {"zone": id, "weekly": week}} for id in ("Europe/Paris", "Mars")]
    refused = await house.call("POST", "/api/v1/preview", "root", json={"records": records})
    (part,) = refused.problem(422, "invalid")["errors"]
    assert part["pointer"] == "/records/1/record/zone" and "Europe/Brussels" in part["detail"]
