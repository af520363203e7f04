"""How the agents of the play take what is offered to them: decided once per reservation, so that the desk and the
phone of one agent act as one person."""

import random
from typing import Literal, TypeAlias

from router.bench.limits import SHARES

Way: TypeAlias = Literal["desk", "phone", "decline", "ignore", "unreachable"]
"""Take it on the screen; pick up the phone; refuse; miss it; have a phone that is engaged."""


def way(seed: int, reservation: str, channel: str) -> Way:
    """How this reservation is taken, whoever asks."""
    chance = random.Random(f"{seed} {reservation}")  # noqa: S311 (a play, no secret)
    drawn = chance.random()
    if drawn < SHARES["decline"]:
        return "decline"
    if drawn < SHARES["decline"] + SHARES["ignore"]:
        return "ignore"
    if channel != "phone":
        return "desk"
    drawn = chance.random()
    if drawn < SHARES["unreachable"]:
        return "unreachable"
    return "phone" if drawn < SHARES["unreachable"] + SHARES["phone"] else "desk"
