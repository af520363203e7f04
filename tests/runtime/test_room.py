"""Room for what is to be kept: new work is refused in time, work in the house goes on, and nobody has to say so."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from prometheus_client import REGISTRY
from redis.asyncio import Redis
from structlog.testing import capture_logs

from router.gateway import StoreError
from router.runtime import limits
from router.runtime.embedded import Embedded
from router.runtime.errors import ServerFull
from router.runtime.redis_store import RedisStore, connect
from router.runtime.room import DiskRoom, StoreRoom, memory_bytes, space
from router.runtime.store import Put
from tests.disks import empty, fill, small_disk
from tests.support import eventually

SMALL_MIB = 64
RESERVE = (SMALL_MIB << 20) // limits.DISK_RESERVE_PARTS


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    (tmp_path / "disk").mkdir()
    with small_disk(tmp_path / "disk", SMALL_MIB) as mounted:
        yield mounted


@pytest.fixture
async def client(server: Embedded) -> AsyncIterator[Redis]:
    client = Redis.from_url(server.url, driver_info=None)
    yield client
    await client.aclose()


@pytest.fixture
async def store(server: Embedded) -> AsyncIterator[RedisStore]:
    store = connect(server.url, "d")
    yield store
    await store.close()


def metric(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(name, labels)


async def put(store: RedisStore, number: int) -> bool:
    """Whether it was promised."""
    try:
        await store.submit([Put(key=f"k{number}", fingerprint="f", data=b"x" * 1000)])
    except StoreError:
        return False
    return True


# -- the disk -----------------------------------------------------------------------------------------------


async def test_a_disk_that_is_nearly_full_refuses_until_there_is_room_again(disk: Path) -> None:
    room = DiskRoom([disk / "not" / "made" / "yet"])
    await room.look()
    assert room.refusal() == ""
    fill(disk, leave=RESERVE - 1)
    with capture_logs() as logs:
        await room.look()
        await room.look()
        assert "the disk is nearly full" in room.refusal()
        assert metric("firstline_intake_refusing", reason="no_space") == 1
        assert 0 < (metric("firstline_disk_free_bytes") or 0) < RESERVE
        empty(disk)
        await room.look()
    assert room.refusal() == ""
    assert metric("firstline_intake_refusing", reason="no_space") == 0
    assert [entry["event"] for entry in logs] == ["disk_low", "disk_room_again"], "told once each"


async def test_of_several_disks_the_fullest_counts(disk: Path, tmp_path: Path) -> None:
    fill(disk)
    room = DiskRoom([tmp_path, disk])
    await room.look()
    assert "0 MiB are free" in room.refusal()


async def test_a_server_that_the_full_disk_ended_waits_for_room_and_has_lost_nothing(disk: Path) -> None:
    """A server that syncs before each answer ends when it cannot write. It is started for as often as it takes."""
    server = Embedded(disk / "store")
    await server.start()
    watch = asyncio.create_task(server.run())
    store = connect(server.url, "d")
    promised = [number for number in range(10) if await put(store, number)]
    with capture_logs() as logs:
        fill(disk, leave=32_768)
        for number in range(10, 200):
            if not await put(store, number):
                break
            promised.append(number)
        await eventually(lambda: sum(entry["event"] == "embedded_server_not_started" for entry in logs) > 2)
        assert not watch.done()
        assert len(promised) < 100, "the disk was never full"
        empty(disk)
        await eventually(lambda: put(store, 1000), within_s=10)
    assert "make room on it" in next(e["reason"] for e in logs if e["event"] == "embedded_server_not_started")
    stored = await store.commands(0, 1000, 0)
    assert len(stored) in (len(promised) + 1, len(promised) + 2), "one may have been written though it was not answered"
    watch.cancel()
    await store.close()
    await server.stop()


async def test_a_full_disk_does_not_count_as_a_server_that_keeps_ending(
    disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "SERVER_RESTARTS_MAX", 0)
    server = Embedded(disk / "store")
    await server.start()
    fill(disk)
    watch = asyncio.create_task(server.run())
    store = connect(server.url, "d")
    with capture_logs() as logs:
        assert not await put(store, 1)
        await eventually(lambda: any(entry["event"] == "embedded_server_not_started" for entry in logs))
    assert not watch.done()
    watch.cancel()
    await store.close()
    await server.stop()


async def test_no_server_starts_on_a_full_disk(disk: Path) -> None:
    fill(disk)
    with pytest.raises(ServerFull, match="make room on it"):
        await Embedded(disk / "store").start()


def test_the_reserve_is_a_share_of_a_small_disk_and_bounded_on_a_large_one(disk: Path, tmp_path: Path) -> None:
    assert space(disk / "x").reserve == RESERVE
    assert space(tmp_path).reserve <= limits.DISK_RESERVE_BYTES


# -- the memory of the store --------------------------------------------------------------------------------


async def test_a_store_that_is_nearly_full_refuses_until_there_is_room_again(store: RedisStore, client: Redis) -> None:
    room = StoreRoom(store)
    await client.setrange("large", 20_000_000, b"x")  # a value that comes over the line is there twice for a moment
    used = int((await client.info("memory"))["used_memory"])
    with capture_logs() as logs:
        for share in (0.5, 0.8, 0.95, 0.5):
            await client.config_set("maxmemory", int(used / share))
            await room.look()
            assert bool(room.refusal()) == (share == 0.95)
            assert metric("firstline_intake_refusing", reason="no_memory") == (share == 0.95)
            assert metric("firstline_store_memory_ratio") == pytest.approx(share, abs=0.05)
    assert [entry["event"] for entry in logs] == ["store_memory_high", "store_memory_full", "store_memory_room_again"]


async def test_a_store_without_a_limit_is_never_full(store: RedisStore, client: Redis) -> None:
    await client.config_set("maxmemory", 0)
    room = StoreRoom(store)
    await room.look()
    assert (room.refusal(), metric("firstline_store_memory_ratio")) == ("", 0)


async def test_a_store_that_is_away_is_told_once_and_so_is_its_return(
    server: Embedded, store: RedisStore, client: Redis
) -> None:
    room = StoreRoom(store)
    before = metric("firstline_store_outages_total") or 0
    watch = asyncio.create_task(server.run())
    with capture_logs() as logs:
        await client.shutdown(nosave=True)
        await room.look()
        assert metric("firstline_store_up") == 0
        await room.look()

        async def up() -> bool:
            await room.look()
            return metric("firstline_store_up") == 1

        await eventually(up)
    told = [entry["event"] for entry in logs if entry["event"].startswith("store_")]
    assert told == ["store_away", "store_back"]
    assert metric("firstline_store_outages_total") == before + 1
    watch.cancel()


def test_memory_is_that_of_the_machine_or_less() -> None:
    with Path("/proc/meminfo").open() as told:
        machine = int(told.readline().split()[1]) * 1024
    assert 0 < memory_bytes() <= machine


def test_a_cgroup_or_one_around_it_may_allow_less(tmp_path: Path) -> None:
    own, groups = tmp_path / "cgroup", tmp_path / "groups"
    own.write_text("0::/desks.slice/firstline.service\n")
    inner = groups / "desks.slice" / "firstline.service"
    inner.mkdir(parents=True)
    assert memory_bytes(own, groups) == memory_bytes(tmp_path / "none", groups)
    for folder, said, allowed in ((inner, "max", None), (inner.parent, "3000000", 3_000_000), (inner, "9000", 9_000)):
        (folder / "memory.max").write_text(f"{said}\n")
        assert memory_bytes(own, groups) == (allowed or memory_bytes())
