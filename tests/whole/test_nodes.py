"""Several nodes are one system: what one knows all know, and what one did another goes on with when it dies."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.archive.conftest import postgresql, postgresql_url  # noqa: F401 - fixtures
from tests.support import eventually, eventually_true
from tests.whole.nodes import Ann, Nodes, logged, redis_server, writer
from tests.whole.server import PASSWORD, Server, offered

pytestmark = [pytest.mark.slow, pytest.mark.service]

WAIT = {"Prefer": "wait=5"}
ANN = json.dumps(
    {"agent": "ann", "grants": [{"role": "agent", "teams": ["first"]}], "password": PASSWORD, "must_change": False}
).encode()


@pytest.fixture
def nodes(tmp_path: Path, postgresql_url: str) -> Iterator[Nodes]:  # noqa: F811
    with redis_server(tmp_path) as redis_url:
        made = Nodes(tmp_path, redis_url, postgresql_url)
        yield made
        made.end()


@pytest.fixture
def pair(nodes: Nodes) -> tuple[Server, Server]:
    """Two nodes that do everything, with the small centre and Ann's account."""
    one, two = nodes.node("one"), nodes.node("two")
    one.start_new()
    made = one.request("PUT", "/api/v1/accounts/ann", ANN, key=one.token)
    assert made[0] in (200, 201), made
    two.start()
    two.key = one.key
    return one, two


@pytest.fixture
async def ann() -> AsyncIterator[Ann]:
    made = Ann()
    yield made
    await made.client.disconnect()


async def call(node: Server, number: int) -> str:
    """Tell a node of a call until it is acknowledged; its item."""

    async def told() -> str:
        status, answer = await asyncio.to_thread(node.post, "/api/v1/events", offered(number), headers=WAIT)
        assert status in (0, 200, 202, 503), answer
        return str(answer["item"]) if status == 200 else ""

    return await eventually(told, 30)


async def state_of(node: Server, item: str) -> str:
    return str((await asyncio.to_thread(node.get, f"/api/v1/items/{item}"))[1]["state"])


async def test_what_comes_in_at_one_node_rings_at_the_other(pair: tuple[Server, Server], ann: Ann) -> None:
    one, two = pair
    await ann.come(one)
    await ann.act("presence", state="available")
    item = await call(two, 1)
    assert await ann.has("reserved") == item
    assert await state_of(two, item) == "reserved"
    taken = [line["duty"] for node in pair for line in logged(node, "duty_taken")]
    assert {"archive", "outbox:email", "outbox:webhook"} <= set(taken)


async def test_work_goes_on_when_the_writer_is_killed_and_its_agents_find_everything_elsewhere(
    pair: tuple[Server, Server], ann: Ann
) -> None:
    killed = writer(*pair)
    other = next(node for node in pair if node is not killed)
    await ann.come(killed)
    await ann.act("presence", state="available")
    item = await call(killed, 1)
    await ann.has("reserved")
    answered = await ann.act("accept", item=item)
    assert answered["ok"], answered
    await eventually(lambda: ann.view["items"][item]["state"] == "active")
    before = ann.view
    killed.kill()
    await ann.come(other)
    assert ann.view["items"] == before["items"]
    assert ann.view["agent"]["state"] == before["agent"]["state"] == "available"
    waiting = await call(other, 2)
    assert await state_of(other, waiting) == "queued"
    assert logged(other, "lease_acquired")
    await eventually(lambda: {"archive", "outbox:email", "outbox:webhook"} <= duties(other), 10)


def duties(node: Server) -> set[str]:
    """What a node has taken."""
    return {str(line["duty"]) for line in logged(node, "duty_taken")}


async def test_agents_of_a_dead_node_who_do_not_come_back_are_released(pair: tuple[Server, Server], ann: Ann) -> None:
    one, two = pair
    await ann.come(one)
    await ann.act("presence", state="available")
    item = await call(one, 1)
    await ann.has("reserved")
    await ann.act("accept", item=item)
    one.kill()

    async def gone() -> bool:
        status, agent = await asyncio.to_thread(two.get, "/api/v1/agents/ann")
        return status == 200 and agent["connected"] is False

    await eventually(gone, 40)
    assert logged(two, "gateway_lost")


async def test_a_writer_that_was_asleep_commits_nothing_and_follows(pair: tuple[Server, Server]) -> None:
    asleep = writer(*pair)
    other = next(node for node in pair if node is not asleep)
    os.kill(asleep.process.pid, signal.SIGSTOP)
    items = [await call(other, number) for number in range(1, 6)]
    assert logged(other, "lease_acquired")
    os.kill(asleep.process.pid, signal.SIGCONT)
    await eventually(lambda: logged(asleep, "lease_lost"), 20)
    items.append(await call(asleep, 6))
    for item in items:
        assert await asyncio.to_thread(asleep.get, f"/api/v1/items/{item}") == await asyncio.to_thread(
            other.get, f"/api/v1/items/{item}"
        )
    assert max(line["epoch"] for line in logged(asleep, "lease_acquired")) < max(
        line["epoch"] for line in logged(other, "lease_acquired")
    )


def test_nodes_may_have_roles_of_their_own(nodes: Nodes) -> None:
    face = nodes.node("face", FIRSTLINE_ROLES="gateway")
    back = nodes.node("back", FIRSTLINE_ROLES="writer,archive,mail")
    back.start()
    face.start_new()
    assert face.post("/api/v1/events", offered(1), headers=WAIT)[0] == 200
    assert not logged(face, "lease_acquired") and logged(back, "lease_acquired")
    eventually_true(lambda: "archive" in duties(back))
    assert "archive" not in duties(face)
    back.key = face.key
    assert back.post("/api/v1/events", offered(2))[0] == 404, "it is no gateway"
    assert back.request("GET", "/healthz", None)[0] == 200
    assert back.request("GET", "/metrics", None)[0] == 401
    listed = face.request("GET", "/api/v1/nodes", None, key=face.key)[1]["rows"]
    assert [(row["roles"], row["answers"], "writer" in row["duties"]) for row in listed if row["answers"]] == [
        (["gateway"], True, False)
    ]
    eventually_true(lambda: back.request("GET", "/api/v1/nodes", None, key=back.key)[0] == 200)  # it hears of keys
    assert sum("writer" in row["duties"] for row in listed) == 1


def test_a_node_that_cannot_be_one_system_with_the_others_says_so(nodes: Nodes) -> None:
    nodes.node("one").start()
    stranger = nodes.node("stranger", FIRSTLINE_SECRET="another secret of more than 32 characters")
    refused = stranger.cli("serve")
    assert refused.returncode != 0
    assert "give all nodes of a domain the same one (setting secret)" in refused.stderr
