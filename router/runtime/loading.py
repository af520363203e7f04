"""From the bytes of a store to a state, without keeping the process from its other work.

A hundred thousand items are a second of a busy loop, and a million are longer than a lease: whoever loaded them in one
go would lose it while loading, again and again. So the loop has its turn after every step.
"""

import asyncio
import gc
from collections.abc import Iterator
from typing import Any

from router.core.copies import copies
from router.core.state import Ref, State
from router.runtime import limits
from router.runtime.store import Loaded
from router.wire.codec import decode_record


async def loaded_state(loaded: Loaded, *, routing: bool) -> State:
    """The state that was loaded. Raises msgspec.ValidationError for records of another shape."""
    records = ((ref, decode_record(ref[0], data)) for ref, data in loaded.records)
    return await _filled(State(routing=routing), records, len(loaded.records))


async def writers_twin(state: State) -> State:
    """The same state for a writer, without reading and decoding everything anew."""
    return await _filled(State(), copies(state), state.size())


async def _filled(state: State, records: Iterator[tuple[Ref, Any]], size: int) -> State:
    """The garbage collector is off while a large state is made, and never looks at it afterwards: records are trees
    and live long, and to search them for cycles takes twice as long as to decode them and stops the loop meanwhile.
    """
    large = size >= limits.LARGE_STATE_RECORDS
    if large:
        gc.disable()
    try:
        for _ in state.fill(records):
            await asyncio.sleep(0)
        if large:
            gc.freeze()
    finally:
        if large:
            gc.enable()
    return state
