"""What the people of the world were promised: every command that was acknowledged, under its key."""

import asyncio
from typing import TYPE_CHECKING

from router.core.commands import Command
from router.gateway import KeyConflict, Outcome, StoreError

if TYPE_CHECKING:
    from router.simulate.world import House

RETRY_S = 0.3  # how soon somebody who got no answer asks again
PATIENCE_S = 3.0  # how long somebody waits for an outcome


class Journal:
    """The outside's own record, from which the auditor knows what must be true."""

    def __init__(self) -> None:
        self.acked: dict[str, Command] = {}

    async def send(self, house: "House", command: Command, key: str) -> Outcome | None:
        """Submit until acknowledged, always under the same key; then the outcome, if it is known in time."""
        while True:
            domain = house.domain()
            if domain is not None:
                try:
                    receipt = await domain.submit(command, key=key)
                except StoreError:
                    pass
                except KeyConflict:
                    house.broken.append(f"{key} is said to have been another command")
                    return None
                else:
                    self.acked[key] = command
                    return await domain.outcome(receipt, PATIENCE_S)
            await asyncio.sleep(RETRY_S)
