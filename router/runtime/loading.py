"""From the bytes of a store to a state, without keeping the process from its other work.

A hundred thousand items are a second of a busy loop, and a million are longer than a lease: whoever loaded them in one
go would lose it while loading, again and again. So the loop has its turn after every step.
"""

import asyncio
import gc

from router.core.state import State
from router.runtime import limits
from router.runtime.store import Loaded
from router.wire.codec import decode_record


async def state_of(loaded: Loaded, *, routing: bool) -> State:
    """The state that was loaded. Raises msgspec.ValidationError for records of another shape.

    The garbage collector is off while a large one is made, and never looks at it afterwards: records are trees and
    live long, and to search them for cycles takes twice as long as to decode them and stops the loop meanwhile.
    """
    state = State(routing=routing)
    large = len(loaded.records) >= limits.LARGE_STATE_RECORDS
    if large:
        gc.disable()
    try:
        for _ in state.fill((ref, decode_record(ref[0], data)) for ref, data in loaded.records):
            await asyncio.sleep(0)
        if large:
            gc.freeze()
    finally:
        if large:
            gc.enable()
    return state
