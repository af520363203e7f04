"""Golden logs: recorded sequences of commands, and what of events and state they must lead to for ever.

    python -m tests.reference.golden            the kept commands anew: after a change of the rules that is meant
    python -m tests.reference.golden --record   other commands: when the traffic has learned something new

A digest that changes without a change of the rules that was meant is a defect: the same log would not replay.
"""

import hashlib
import json
import sys
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from router.core import commands as c
from router.core import events as e
from router.core.state import State
from router.core.step import Step, step
from tests.reference.walk import Walk

FOLDER = Path(__file__).parent / "golden"
SEEDS = {"morning": 1, "noon": 2, "evening": 3}
STEPS = 350

_encode = msgspec.msgpack.Encoder(order="deterministic").encode
_commands = msgspec.json.Decoder(list[tuple[int, c.Command]]).decode


class Outcome(NamedTuple):
    """What a sequence of commands led to."""

    events: int
    digest: str
    state: str


class Recorded(Walk):
    """A walk that keeps its commands."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.commands: list[tuple[int, c.Command]] = []

    def after(self, command: c.Command, taken: Step) -> None:
        self.commands.append((self.now, command))


def record(seed: int) -> list[tuple[int, c.Command]]:
    """The commands of one walk, with their instants."""
    walk = Recorded(seed)
    walk.walk(STEPS)
    return walk.commands


def replay(commands: list[tuple[int, c.Command]]) -> Outcome:
    """What they lead to in an empty state."""
    state = State()
    events: list[e.Event] = []
    sum = hashlib.blake2b(digest_size=16)
    for now, command in commands:
        for event in step(state, command, now).events:
            events.append(event)
            sum.update(_encode(event))
    return Outcome(len(events), sum.hexdigest(), state.digest())


def kept(name: str) -> tuple[list[tuple[int, c.Command]], Outcome]:
    """A golden log: its commands, and what they must lead to."""
    found: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    return _commands(json.dumps(found["commands"])), Outcome(**found["outcome"])


def write(name: str, commands: list[tuple[int, c.Command]]) -> None:
    """Keep these commands and what they lead to; one command per line, so that a change can be read."""
    lines = ",\n".join(msgspec.json.encode(each).decode() for each in commands)
    outcome = json.dumps(replay(commands)._asdict())
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / f"{name}.json").write_text(f'{{"outcome": {outcome}, "commands": [\n{lines}\n]}}\n', "utf-8")


def main() -> None:
    """Write all golden logs anew."""
    anew = "--record" in sys.argv
    for name, seed in SEEDS.items():
        write(name, record(seed) if anew else kept(name)[0])
        print(name, kept(name)[1])


if __name__ == "__main__":
    main()
