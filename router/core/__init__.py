"""The pure state machine: no I/O, clock, randomness, asyncio or logging. State changes only in `evolve`."""
