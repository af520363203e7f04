"""A second state made from copies: the same, and nobody changes one by changing the other."""

from typing import Any

import msgspec
import pytest

from router.core.copies import copies
from router.core.state import load
from tests.core.test_walk import STEPS, Walker


@pytest.mark.parametrize("seed", range(5))
def test_a_state_of_copies_goes_its_own_way(seed: int) -> None:
    walker = Walker(seed)
    walker.walk(STEPS)
    first, before = walker.world.state, walker.world.state.digest()
    second = load(copies(first))
    assert second.digest() == before
    walker.world.state = second
    walker.walk(STEPS)
    assert first.digest() == before != second.digest()


def test_what_can_change_is_shared_by_no_copy() -> None:
    walker = Walker(1)
    walker.walk(STEPS)
    state = walker.world.state
    changeable = 0
    for (kind, id), record in copies(state):
        if record.__struct_config__.frozen:
            assert record is state.table(kind)[id]
            continue
        changeable += 1
        assert record is not state.table(kind)[id]
        shared = _inner(record) & _inner(state.table(kind)[id])
        assert not shared, f"{kind} shares a table with its copy"
    assert changeable > 10


def _inner(record: Any) -> set[int]:
    """The identities of everything in a record that could be changed in place."""
    return {id(value) for value in msgspec.structs.asdict(record).values() if isinstance(value, dict | list | set)}
