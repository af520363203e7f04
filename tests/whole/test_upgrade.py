"""A rolling upgrade: nodes of the last version and of this one are one system, whichever of them decides.

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

LAST = "e540d65"
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


async def test_old_and_new_nodes_are_one_system_whichever_of_them_decides(
    nodes: Nodes, last_version: Path, ann: Ann
) -> None:
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

    os.kill(old.process.pid, signal.SIGSTOP)
    await eventually(lambda: logged(new, "lease_acquired"), 20)
    os.kill(old.process.pid, signal.SIGCONT)
    await eventually(lambda: logged(old, "lease_lost"), 20)
    assert (await ann.act("complete", item=first, disposition="done"))["ok"]
    second = await call(old, 2)
    await eventually(lambda: _both(old, new, second, "reserved"), 20)
    assert await ann.has("reserved") == second, "the old one shows what the new one decides"
    assert logged(new, "duty_taken") and not logged(old, "duty_taken"), "it is the last version, which has no duties"
    assert not logged(old, "follower_reset") and not logged(new, "follower_reset")


async def _both(old: Server, new: Server, item: str, state: str) -> bool:
    """Whether both nodes show the item in this state."""
    return await asyncio.gather(state_of(old, item), state_of(new, item)) == [state, state]
