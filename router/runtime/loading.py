"""From the bytes of a store to a state, without keeping the process from its other work.

A hundred thousand items are a second of a busy loop, and a million are longer than a lease: whoever loaded them in one
go would lose it while loading, again and again. So the loop has its turn after every step.
"""

import asyncio
import gc
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from router.core.copies import copies
from router.core.state import Ref, State
from router.runtime import limits
from router.runtime.store import Standing, Store
from router.wire.codec import decode_record


async def loaded(store: Store, *, routing: bool) -> tuple[Standing, State]:
    """What the store has. Raises StoreError, and msgspec.ValidationError for records of another shape."""
    with _uncollected():
        found = await store.load()
        records = ((ref, decode_record(ref[0], data)) for ref, data in found.records)
        return found, await _filled(State(routing=routing), records)


async def writers_twin(state: State) -> State:
    """The same state for a writer, without reading and decoding everything anew."""
    with _uncollected():
        return await _filled(State(), copies(state))


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without the garbage collector: records are trees, and to search them for cycles again and again while they are
    made takes twice as long as to decode them."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


async def _filled(state: State, records: Iterable[tuple[Ref, Any]]) -> State:
    for _ in state.fill(records):
        await asyncio.sleep(0)
    if state.size() >= limits.LARGE_STATE_RECORDS:
        gc.freeze()  # it lives long: no collection shall stop the loop to look at all of it
    return state
