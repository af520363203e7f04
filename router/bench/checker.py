"""The independent checker: what the players journalled, held against the log and the archive.

It shares no code with the core, its codec or the archive: the log's bytes are decoded without our types, the
archive is read with plain SQL, and its model of an item is a few lines that anybody can check by eye.

* received: items opened (log), by channel. closed, abandoned, open: how the archive says they stand.
* assigned: items accepted at least once. escalated: items with an escalation.
* lost: things that the server promised to a player and that have no effect in the log or the archive.
* double_assigned: items that two reservations or agents held at the same time, by the log, by the archive's
  legs or by what two agents were told.
* push_ms: from the customer's event being sent to the first reservation of the item that it opened being
  received by an agent's client, for every item, time spent waiting for a free agent included.
"""

import base64
import hashlib
import re
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from router.bench import journal
from router.bench.figures import percentile, rounded

CHANNELS = ("phone", "email", "chat")
MARK = re.compile(r"\[(?P<mark>[a-z]+-[0-9a-z]+-\d+)\]\s*$")
"""What the players put at the end of each text, so that the checker finds it again."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The last line of `firstline demo --json`."""

    received: dict[str, int]
    assigned: int
    escalated: int
    closed: int
    abandoned: int
    open: int
    lost: int
    double_assigned: int
    push_ms_p50: float
    push_ms_p99: float

    @property
    def balanced(self) -> bool:
        """Whether every item that was received is closed, abandoned or open."""
        return sum(self.received.values()) == self.closed + self.abandoned + self.open


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """The report, and in words everything that is wrong."""

    report: Report
    problems: list[str]

    @property
    def exit_code(self) -> int:
        """0 when nothing is wrong."""
        return 1 if self.problems else 0


def check(journals: Iterable[Path], archive: Path) -> Verdict:
    """Judge one run, after the archiver has drained. Raises sqlite3.Error when there is no archive to read."""
    lines = [line for path in journals for line in journal.read(path)]
    connection = sqlite3.connect(f"{archive.absolute().as_uri()}?mode=ro", uri=True)
    try:
        return _judge(lines, _Log(connection), _Archive(connection))
    finally:
        connection.close()


class _Log:
    """The archive's copy of the log, folded by the checker's own model."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.problems: list[str] = []
        self.opened: dict[str, str] = {}
        self.calls: dict[str, str] = {}
        self.accepted: set[str] = set()
        self.escalated: set[str] = set()
        self.doubles: set[str] = set()
        self.receipts: set[str] = set()
        self.acts: set[tuple[str, str, str]] = set()
        self._holders: dict[str, tuple[str, str]] = {}
        for entry in self._entries(connection):
            self.receipts.update(receipt_of(handled.get("key", "")) for handled in entry.get("handled", ()))
            for event in entry.get("events", ()):
                self._take(event)

    def _entries(self, connection: sqlite3.Connection) -> Iterator[dict[str, Any]]:
        """The entries in order, dense and chained by digest; what is not becomes a problem."""
        next_first, before = 1, None
        for first, last, digest, data in connection.execute(
            "SELECT first, last, digest, data FROM entries ORDER BY last"
        ):
            entry = msgspec.msgpack.decode(data)
            if first != next_first:
                self.problems.append(f"the log has a hole: {next_first} to {first - 1} is missing")
            if before is not None and entry["before"] != before:
                self.problems.append(f"the entry at {first} does not follow the one before it")
            if hashlib.blake2b(data, key=entry["before"].encode(), digest_size=8).hexdigest() != digest:
                self.problems.append(f"the entry at {first} is not what was committed")
            next_first, before = last + 1, digest
            yield entry

    def _take(self, event: dict[str, Any]) -> None:
        kind, item = event["type"], event.get("item", "")
        if kind == "ItemOpened":
            self.opened[item] = event["channel"]
            if event.get("call"):
                self.calls[event["call"]] = item
        elif kind in ("ReservationMade", "ItemResumed"):
            self._hold(item, event["agent"], event.get("reservation", ""))
        elif kind == "ReservationAccepted":
            self._accept(item, event)
        elif kind in ("ReservationEnded", "ItemQueued", "ItemPending", "ItemStuck", "ItemClosed"):
            self._holders.pop(item, None)
        if kind == "ItemEscalated":
            self.escalated.add(item)
        if kind in _ACTS:
            self.acts.add((_ACTS[kind], item, event.get("agent", "")))

    def _hold(self, item: str, agent: str, reservation: str) -> None:
        if item in self._holders:
            self.doubles.add(item)
        self._holders[item] = (agent, reservation)

    def _accept(self, item: str, event: dict[str, Any]) -> None:
        if self._holders.get(item) != (event["agent"], event["reservation"]):
            self.doubles.add(item)
        self.accepted.add(item)


_ACTS = {
    "ReservationAccepted": "accept",
    "ReservationEnded": "decline",
    "ReplySent": "reply",
    "ItemEscalated": "escalate",
    "ItemPending": "pending",
    "ItemClosed": "complete",
}
"""Event -> the agent's action that it is the effect of."""


class _Archive:
    """What the archive's rows say."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.items = {id for (id,) in connection.execute("SELECT id FROM items")}
        self.outcomes: Counter[str] = Counter(
            outcome for (outcome,) in connection.execute("SELECT outcome FROM items WHERE closed_at_ms IS NOT NULL")
        )
        (self.open,) = connection.execute("SELECT COUNT(*) FROM items WHERE closed_at_ms IS NULL").fetchone()
        self.messages: Counter[str] = Counter()
        self.opening: dict[str, str] = {}
        self._read_messages()

    def _read_messages(self) -> None:
        query = (
            "SELECT messages.side, messages.item, contents.data FROM messages"
            " JOIN contents ON contents.id = messages.content ORDER BY messages.position"
        )
        begun: set[str] = set()
        for side, item, data in self._connection.execute(query):
            for mark in marks(msgspec.json.decode(data)):
                self.messages[mark] += 1
                if side == "customer" and item not in begun:
                    self.opening[mark] = item
            begun.add(item)

    def doubles(self) -> set[str]:
        """Items of which two legs overlap in time."""
        query = (
            "SELECT DISTINCT one.item FROM legs AS one JOIN legs AS other"
            " ON other.item = one.item AND other.position > one.position"
            " WHERE one.ended_at_ms IS NULL OR COALESCE(other.reserved_at_ms, other.accepted_at_ms) < one.ended_at_ms"
        )
        return {item for (item,) in self._connection.execute(query)}


def receipt_of(key: str) -> str:
    """The receipt that was given for the command under this key (as the API's documentation describes it)."""
    return base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")


def marks(content: dict[str, Any]) -> list[str]:
    """By what a player knows a message: the Message-ID of a mail, and what ends its text."""
    found = MARK.search(content.get("text", ""))
    return [mark for mark in (content.get("message_id", ""), found["mark"] if found else "") if mark]


def _judge(lines: list[journal.Line], log: _Log, archive: _Archive) -> Verdict:
    lost = list(_lost(lines, log, archive))
    doubles = log.doubles | archive.doubles() | _told_twice(lines)
    received = Counter(log.opened.values())
    pushes = _push_ms(lines, log, archive)
    report = Report(
        received={channel: received.get(channel, 0) for channel in CHANNELS},
        assigned=len(log.accepted),
        escalated=len(log.escalated),
        closed=archive.outcomes["completed"],
        abandoned=archive.outcomes["abandoned"],
        open=archive.open,
        lost=len(lost),
        double_assigned=len(doubles),
        push_ms_p50=rounded(percentile(pushes, 50)),
        push_ms_p99=rounded(percentile(pushes, 99)),
    )
    problems = [*log.problems, *lost, *(f"{item} was held twice at the same time" for item in sorted(doubles))]
    if not report.balanced:
        problems.append("received is not closed + abandoned + open")
    return Verdict(report=report, problems=problems)


def _lost(lines: list[journal.Line], log: _Log, archive: _Archive) -> Iterator[str]:
    for line in lines:
        if isinstance(line, journal.Promised):
            if not _has_effect(line, log, archive):
                yield f"{line.channel} {line.mark} was promised and has not exactly one effect"
        elif isinstance(line, journal.Acted):
            if not _was_done(line, log, archive):
                yield f"{line.action} of {line.item} by {line.agent} was acknowledged and has no effect"
        elif isinstance(line, journal.Missed):
            yield f"a {line.channel} screen went from message {line.after} to {line.seq}"
        elif isinstance(line, journal.Pushed) and line.item not in archive.items:
            yield f"{line.item} was pushed to {line.agent} and does not exist"


def _has_effect(line: journal.Promised, log: _Log, archive: _Archive) -> bool:
    if line.receipt and line.receipt not in log.receipts:
        return False
    if line.channel == "phone":
        return log.calls.get(line.mark, "") in archive.items
    return archive.messages[line.mark] == 1


def _was_done(line: journal.Acted, log: _Log, archive: _Archive) -> bool:
    if line.mark and archive.messages[line.mark] != 1:
        return False
    return (line.action, line.item, line.agent) in log.acts


def _told_twice(lines: list[journal.Line]) -> set[str]:
    """Items of which the same reservation was acknowledged to two agents."""
    holders: dict[tuple[str, str], set[str]] = {}
    for line in lines:
        if isinstance(line, journal.Acted) and line.action == "accept":
            holders.setdefault((line.item, line.reservation), set()).add(line.agent)
    return {item for (item, _), agents in holders.items() if len(agents) > 1}


def _push_ms(lines: list[journal.Line], log: _Log, archive: _Archive) -> list[float]:
    sent: dict[str, int] = {}
    pushed: dict[str, int] = {}
    for line in lines:
        if isinstance(line, journal.Sent):
            item = log.calls.get(line.mark) if line.channel == "phone" else archive.opening.get(line.mark)
            if item is not None:
                sent.setdefault(item, line.at_ns)
        elif isinstance(line, journal.Pushed):
            pushed.setdefault(line.item, line.at_ns)
    return [(pushed[item] - at_ns) / 1_000_000 for item, at_ns in sent.items() if item in pushed]
