"""The end of a consumer group, for every store: nothing is kept for a reader who will not come again."""

import pytest

from router.gateway import StoreError
from router.runtime.store import Store
from tests.contract.test_store import filled, numbers


async def test_a_dropped_group_holds_nothing_back(store: Store) -> None:
    await filled(store)
    await store.outbox_group("email", "slow")
    await store.outbox_read("email", "slow", "c", 1, 0)
    await store.outbox_drop("email", "slow")
    fast = await store.outbox_read("email", "g", "c", 9, 0)
    await store.outbox_done("email", "g", [entry.id for entry in fast])
    await store.outbox_group("email", "new")
    assert await store.outbox_read("email", "new", "c", 9, 0) == []


async def test_a_dropped_group_is_unknown_and_begins_anew_when_it_is_made_again(store: Store) -> None:
    await filled(store)
    await store.outbox_read("email", "g", "c", 9, 0)
    await store.outbox_drop("email", "g")
    with pytest.raises(StoreError):
        await store.outbox_read("email", "g", "c", 9, 0)
    await store.outbox_group("email", "g")
    assert numbers(await store.outbox_read("email", "g", "c", 9, 0)) == [0, 1, 2]


async def test_dropping_a_group_that_is_not_there_is_no_error(store: Store) -> None:
    await store.outbox_drop("email", "nobody")
    await store.outbox_drop("never", "nobody")


async def test_the_groups_of_a_channel_are_known(store: Store) -> None:
    assert await store.outbox_groups("email") == []
    await store.outbox_group("email", "smtp")
    await store.outbox_group("email", "slow")
    await store.outbox_group("webhook", "other")
    await store.outbox_drop("email", "slow")
    assert await store.outbox_groups("email") == ["smtp"]
