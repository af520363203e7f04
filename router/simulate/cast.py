"""Who and what is in a world, drawn from its seed: mostly few, so that many worlds cost little, sometimes many."""

import random

import msgspec


class Cast(msgspec.Struct, frozen=True, kw_only=True):
    """The size of a world and how rough it is. Seconds are virtual."""

    nodes: int
    callers: int
    correspondents: int
    chatters: int
    agents: int
    faulty_s: float
    crash_share: float
    """Of border crossings: the process dies there, before or after the deed."""
    clocks: bool
    """Whether wall clocks are wrong and jump."""
    webhooks: bool
    simultaneous: int = 1
    """For how many agents at once an item of first line is held."""
    calm_s: float = 75.0
    """In which everything settles: silence of a gateway, its grace, and that of its agents, one after another."""


BIG_SHARE = 0.1  # of worlds


def drawn(chance: random.Random) -> Cast:
    """The cast of a world."""
    big = chance.random() < BIG_SHARE
    few = 3 if big else 1
    return Cast(
        nodes=chance.choice((1, 2, 2, 2, 3)),
        callers=few * chance.randint(1, 3),
        correspondents=few * chance.randint(1, 2),
        chatters=few * chance.randint(0, 2),
        agents=few * chance.randint(2, 3),
        faulty_s=chance.uniform(25.0, 55.0) * (2 if big else 1),
        crash_share=chance.choice((0.0, 0.0005, 0.002)),
        clocks=chance.random() < 0.5,
        webhooks=chance.random() < 0.3,
        simultaneous=chance.choice((1, 1, 2, 3)),
    )
