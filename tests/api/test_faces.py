"""What operators and integrators' tools read: OpenAPI, the page, health and metrics; and the orderly stop."""

import asyncio
import re

from router.api.app import drain, route_table
from tests.api.desk import desk
from tests.api.house import House


async def test_openapi_describes_every_route_and_every_reference_leads_somewhere(house: House) -> None:
    answer = await house.call("GET", "/openapi.json")
    assert answer.body["openapi"] == "3.1.0"
    paths = answer.body["paths"]
    assert {(route.method.lower(), route.path) for route in route_table()} == {
        (method, path) for path, operations in paths.items() for method in operations
    }
    references = set(re.findall(r"'\$ref': '#/components/schemas/(\w+)'", str(answer.body)))
    assert references <= set(answer.body["components"]["schemas"])
    ids = [operation["operationId"] for operations in paths.values() for operation in operations.values()]
    assert len(ids) == len(set(ids))
    assert all(operation["summary"] for operations in paths.values() for operation in operations.values())


async def test_path_parameters_are_declared(house: House) -> None:
    paths = (await house.call("GET", "/openapi.json")).body["paths"]
    for path, operations in paths.items():
        named = set(re.findall(r"\{(\w+)\}", path))
        for operation in operations.values():
            assert named == {one["name"] for one in operation["parameters"] if one["in"] == "path"}


async def test_the_page_names_every_route_and_needs_nothing_from_elsewhere(house: House) -> None:
    answer = await house.call("GET", "/docs")
    assert answer.media == "text/html"
    assert all(route.path in answer.body for route in route_table())
    assert "<script" not in answer.body and "http://" not in answer.body and "https://" not in answer.body
    assert "style-src 'sha256-" in answer.headers["Content-Security-Policy"]


async def test_readiness_is_503_when_something_is_not_well_and_tells_operators_what(house: House) -> None:
    assert (await house.call("GET", "/healthz")).body == {"status": "ok"}
    assert (await house.call("GET", "/readyz")).body == {"status": "ok"}
    house.well = {"writer": True, "store": False}
    answer = await house.call("GET", "/readyz")
    assert (answer.status, answer.body) == (503, {"status": "unavailable"})
    assert (await house.call("GET", "/readyz", "root")).body["checks"] == {"writer": True, "store": False}
    assert (await house.call("GET", "/healthz")).status == 200


async def test_what_can_be_got_can_be_asked_for_without_its_body(house: House) -> None:
    """RFC 9110 section 9.3.2; load balancers do."""
    answer = await house.call("HEAD", "/healthz")
    assert (answer.status, answer.body) == (200, "")


async def test_metrics_count_what_routing_does_and_name_nobody(house: House) -> None:
    async with desk(house, "ann") as ann:
        await ann.act("presence", state="available")
        item = await house.phone_call("the-call-id")
        await ann.act("accept", item=item)
        await house.phone_call("another")
        answer = await house.call("GET", "/metrics", "key")
        assert answer.media == "text/plain"
        lines = answer.body.splitlines()
        assert 'firstline_items_waiting{channel="phone",queue="help"} 1.0' in lines
        assert 'firstline_agent_state{state="available"} 1.0' in lines
        assert "firstline_agent_sockets 1.0" in lines
        assert any(line.startswith("firstline_queue_wait_seconds_count{") for line in lines)
        assert any(line.startswith("firstline_writer_epoch") for line in lines)
        assert not any(word in answer.body for word in ("the-call-id", item, "bob"))


async def test_a_stop_tells_agents_and_lets_every_socket_go_at_once(house: House) -> None:
    async with desk(house, "ann") as ann, desk(house, "bob") as bob:
        loop = asyncio.get_running_loop()
        started = loop.time()
        await drain(house.sio)
        assert loop.time() - started < 1.5
        await asyncio.gather(ann.gone.wait(), bob.gone.wait())
        assert ann.closing["code"] == "stopping"
        assert not house.sio.eio.sockets
        assert not any(presence.clients for presence in house.domain.state.presences.values())


async def test_the_nodes_of_the_domain_are_listed_for_operators(house: House) -> None:
    answer = await house.call("GET", "/api/v1/nodes", "key")
    assert [(row["id"], row["host"], row["duties"], row["answers"]) for row in answer.body["rows"]] == [
        ("n1", "h", ["writer"], True),
        ("n2", "h", ["writer"], False),
    ]
    assert (await house.call("GET", "/api/v1/nodes", "ann")).status == 403
