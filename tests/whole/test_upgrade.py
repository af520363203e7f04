"""A rolling upgrade: a node of this version follows one of the last, and takes over from it.

The last version is taken from the history of this repository; where that is not at hand (a shallow copy), there is
nothing to roll from and the test says so.
"""

import asyncio
import io
import os
import signal
import subprocess
import sys
import tarfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.archive.conftest import postgresql, postgresql_url  # noqa: F401 - fixtures
from tests.support import eventually
from tests.whole.nodes import Ann, Nodes, logged, redis_server
from tests.whole.server import Server
from tests.whole.test_nodes import ANN, call, state_of

pytestmark = [pytest.mark.slow, pytest.mark.service]

LAST = "a000339"
"""The commit of the last version: what operators run when they upgrade to this one."""
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def last_version(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the last version's code, with the pages of this one (they are built, not kept)."""
    made = subprocess.run(["git", "-C", str(ROOT), "archive", LAST], capture_output=True, check=False)
    if made.returncode:
        pytest.skip(f"the history of this checkout does not reach back to {LAST}")
    folder = tmp_path_factory.mktemp("last")
    with tarfile.open(fileobj=io.BytesIO(made.stdout)) as tar:
        tar.extractall(folder, filter="data")
    (folder / "web" / "dist").symlink_to(ROOT / "web" / "dist")
    return folder


@pytest.fixture
def nodes(tmp_path: Path, postgresql_url: str) -> Iterator[Nodes]:  # noqa: F811
    with redis_server(tmp_path) as redis_url:
        made = Nodes(tmp_path, redis_url, postgresql_url)
        yield made
        made.end()


@pytest.fixture
async def ann() -> AsyncIterator[Ann]:
    made = Ann()
    yield made
    await made.client.disconnect()


async def test_an_old_node_is_followed_until_a_new_one_decides_and_ends_then(
    nodes: Nodes, last_version: Path, ann: Ann
) -> None:
    """The stored shape has grown (decision 23): what the old one wrote is read, what the new one writes is not."""
    old, new = nodes.node("old", PYTHONPATH=str(last_version)), nodes.node("new")
    old.command = [sys.executable, "-P", "-m", "router.cli"]
    old.start_new()
    made = old.request("PUT", "/api/v1/accounts/ann", ANN, key=old.token)
    assert made[0] in (200, 201), made
    await ann.come(old)
    await ann.act("presence", state="available")
    new.start()
    new.key = old.key
    first = await call(new, 1)
    assert await ann.has("reserved") == first
    assert not logged(new, "lease_acquired"), "the old one decides"
    assert (await ann.act("accept", item=first))["ok"]
    await eventually(lambda: _both(old, new, first, "active"))
    assert not logged(new, "follower_reset")

    os.kill(old.process.pid, signal.SIGSTOP)
    await eventually(lambda: logged(new, "lease_acquired"), 20)
    second = await call(new, 2)
    os.kill(old.process.pid, signal.SIGCONT)
    await eventually(lambda: _ended(old), 20)
    assert "the stored data has shape 3" in (old.folder / "log").read_text(), "it says why"

    again = Ann()
    await again.come(new)
    assert (await again.act("presence", state="available"))["ok"]
    assert (await again.act("complete", item=first, disposition="done"))["ok"], "what it held came through"
    assert await again.has("reserved") == second
    await again.client.disconnect()


async def _ended(node: Server) -> bool:
    return node.process.poll() is not None


async def _both(old: Server, new: Server, item: str, state: str) -> bool:
    """Whether both nodes show the item in this state."""
    return await asyncio.gather(state_of(old, item), state_of(new, item)) == [state, state]
