"""Who may do what is one thing on all nodes: found out by the nodes themselves, as they are wired."""

import asyncio
import json

import pytest

from router.api.limits import FAILURES_PER_PAIR_MAX
from tests.archive.conftest import postgresql, postgresql_url  # noqa: F401 - fixtures
from tests.support import eventually
from tests.whole.nodes import Ann
from tests.whole.server import Server
from tests.whole.test_nodes import ANN, ann, nodes, pair  # noqa: F401 - fixtures

pytestmark = [pytest.mark.slow, pytest.mark.service]

WITHIN_S = 2.0
"""What an admin is promised."""


async def test_who_is_disabled_or_guesses_at_one_node_is_out_at_the_other(
    pair: tuple[Server, Server],  # noqa: F811
    ann: Ann,  # noqa: F811
) -> None:
    one, two = pair
    await ann.come(two)
    disabled = json.dumps(json.loads(ANN) | {"disabled": True}).encode()
    done = await asyncio.to_thread(one.request, "PUT", "/api/v1/accounts/ann", disabled, key=one.token)
    assert done[0] == 200, done
    await eventually(lambda: not ann.client.connected, WITHIN_S)

    guess = json.dumps({"login": "root", "password": "a guess of mine"}).encode()
    assert FAILURES_PER_PAIR_MAX > 3
    for _ in range(FAILURES_PER_PAIR_MAX):
        assert (await asyncio.to_thread(one.request, "POST", "/api/v1/login", guess))[0] == 401

    answers = [(await asyncio.to_thread(two.request, "POST", "/api/v1/login", guess))[0] for _ in range(3)]
    assert 429 in answers, "before there were as many at this node"
