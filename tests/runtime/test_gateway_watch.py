"""A dead gateway's clients are lost after a grace period; a slow start or a jump of the clock loses nobody."""

import pytest

from router.core.presence import Presence
from router.core.state import State
from router.gateway import StoreError
from router.runtime import limits
from router.runtime.gateway_watch import GatewayWatch
from router.runtime.memory import MemoryStore, World
from tests.runtime.test_writer import Hand

BEAT = round(limits.GATEWAY_BEAT_S * 1000)


class Scene:
    """Two gateways with a client each, and a watch that looks when told."""

    def __init__(self) -> None:
        self.hand = Hand()
        self.store = MemoryStore(World(self.hand))
        self.lost: list[str] = []
        self.away = False
        state = State()
        for gateway in ("g1", "g2"):
            state.put("presence", gateway, Presence(agent=gateway, clients={"tab": gateway}))
        self.watch = GatewayWatch(self.store, self.hand, state, self.lose)

    async def lose(self, gateway: str) -> None:
        if self.away:
            raise StoreError("away")
        self.lost.append(gateway)

    async def pass_time(self, ms: int, *beating: str) -> None:
        for _ in range(0, ms, BEAT):
            self.hand.at += BEAT
            for gateway in beating:
                await self.store.beat(gateway, limits.GATEWAY_TTL_MS)
            await self.watch.look()


@pytest.fixture
def scene() -> Scene:
    return Scene()


async def test_a_gateway_that_beats_is_left_alone(scene: Scene) -> None:
    await scene.pass_time(60_000, "g1", "g2")
    assert scene.lost == []


async def test_a_silent_one_is_lost_after_its_ttl_and_the_grace(scene: Scene) -> None:
    await scene.pass_time(BEAT, "g1", "g2")
    await scene.pass_time(limits.GATEWAY_TTL_MS + limits.GATEWAY_GRACE_MS - BEAT, "g2")
    assert scene.lost == []
    await scene.pass_time(2 * BEAT, "g2")
    assert scene.lost == ["g1"]


async def test_after_a_takeover_everybody_has_a_full_grace(scene: Scene) -> None:
    await scene.pass_time(limits.GATEWAY_GRACE_MS - BEAT)
    assert scene.lost == []
    await scene.pass_time(2 * BEAT, "g1", "g2")
    assert scene.lost == []


async def test_a_loss_that_could_not_be_submitted_is_tried_again(scene: Scene) -> None:
    scene.away = True
    await scene.pass_time(2 * limits.GATEWAY_GRACE_MS, "g2")
    scene.away = False
    await scene.pass_time(2 * limits.GATEWAY_GRACE_MS, "g2")
    assert "g1" in scene.lost
