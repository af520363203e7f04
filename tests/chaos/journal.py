"""What the outside world wrote down: everything that was acknowledged to it, and what it saw. One JSON line each.

Customers, agents and the mail server write it, the checker reads it: what the server says of itself is no evidence.
"""

from pathlib import Path
from time import monotonic_ns
from typing import IO, TypeAlias

import msgspec


class _Line(msgspec.Struct, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    at_ns: int = msgspec.field(default_factory=monotonic_ns)


class Taken(_Line, frozen=True):
    """A phone event was answered with 2xx. `event` is its id, `receipt` the key that it was promised under."""

    kind: str
    call: str
    event: str
    receipt: str


class Put(_Line, frozen=True):
    """A mail was put into the inbox, in this order. `sender` writes no other threads."""

    message_id: str
    sender: str


class Said(_Line, frozen=True):
    """A chat message was acknowledged, with its place in the conversation."""

    mark: str
    conversation: str
    seq: int


class Skipped(_Line, frozen=True):
    """A visitor's screen went from message `after` to message `seq`."""

    conversation: str
    after: int
    seq: int


class Acted(_Line, frozen=True):
    """An agent's action was acknowledged at a position. `mark` is that of a reply."""

    agent: str
    item: str
    action: str
    position: int
    reservation: str = ""
    mark: str = ""


class Shown(_Line, frozen=True):
    """What an agent's screen showed as theirs at a position: item to state."""

    agent: str
    position: int
    items: dict[str, str]


class Submitted(_Line, frozen=True):
    """Our server handed a mail over up to its last byte, and this is what it was told (`dropped`: nothing)."""

    mark: str
    answer: str


Line: TypeAlias = Taken | Put | Said | Skipped | Acted | Shown | Submitted

_decode = msgspec.json.Decoder(Line).decode
_encode = msgspec.json.Encoder().encode


class Journal:
    """Appends lines to a file and counts what was acknowledged."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.acknowledged = 0
        self._file: IO[bytes] = path.open("ab")

    def note(self, line: Line) -> None:
        """Keep a line."""
        self._file.write(_encode(line) + b"\n")
        self.acknowledged += isinstance(line, Taken | Put | Said | Acted)

    def close(self) -> None:
        """Nothing more comes."""
        self._file.close()


def read(path: Path) -> list[Line]:
    """The lines of a journal."""
    return [_decode(line) for line in path.read_bytes().splitlines()]
