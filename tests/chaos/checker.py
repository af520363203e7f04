"""The outside checker: what was acknowledged, held against what the server left behind.

It shares no code with the product. Its model of an item and of an agent's hands is a few lines that anybody can check
by eye.

* lost: acknowledged, and without its effect in the log or in the archive; shown to an agent, and not in the log.
* doubled: one event, mail, message, command or delivery with two effects.
* two_agents: an item held by two at the same time, by the log or by what two screens showed at one position.
* over_capacity: a reservation beyond the room that the agent's centre file gives them.
* out_of_order: messages of a conversation that are not 1, 2, 3, ... in the order in which they came.
"""

import hashlib
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any

import msgspec

from tests.chaos.evidence import Evidence, key_of
from tests.chaos.journal import Acted, Line, Put, Said, Shown, Skipped, Submitted, Taken

KINDS = ("lost", "doubled", "two_agents", "over_capacity", "out_of_order")
HELD = ("reserved", "active", "wrapping")
"""States in which an item takes its agent's room."""

_ACTS = {
    "ReservationAccepted": "accept",
    "ReservationEnded": "decline",
    "ReplySent": "reply",
    "ItemEscalated": "escalate",
    "ItemClosed": "complete",
}
"""Event: the agent's action that it is the effect of."""

_LETTING_GO = ("ReservationEnded", "ItemQueued", "ItemPending", "ItemStuck", "ItemClosed")


class Verdict:
    """What is wrong: a kind and a sentence for each finding."""

    def __init__(self) -> None:
        self.findings: list[tuple[str, str]] = []

    def add(self, kind: str, sentence: str) -> None:
        """Find something."""
        assert kind in KINDS
        self.findings.append((kind, sentence))

    @property
    def counts(self) -> dict[str, int]:
        """How many findings of each kind."""
        found = Counter(kind for kind, _ in self.findings)
        return {kind: found[kind] for kind in KINDS}


def judge(journal: list[Line], evidence: Evidence, rooms: dict[str, tuple[int, int]], total: int) -> Verdict:
    """Judge a round. `rooms` and `total` are what every agent has room for: channel to (maximum, weight)."""
    verdict = Verdict()
    log = _Log(verdict, rooms, total)
    for last, data in _history(verdict, evidence):
        log.take(last, msgspec.msgpack.decode(data))
    archive = _Archive(verdict, evidence, log)
    _Promises(verdict, evidence, log, archive).check(journal)
    _screens(verdict, log, [line for line in journal if isinstance(line, Shown)])
    _deliveries(verdict, evidence, [line for line in journal if isinstance(line, Submitted)])
    return verdict


def _history(verdict: Verdict, evidence: Evidence) -> Iterable[tuple[int, bytes]]:
    """Every entry once, from the archive and what Redis has beyond it: dense, chained by digest, and the same in
    both where both have it."""
    archived = {last: data for last, _, data in evidence.archived}
    for last, _, data in evidence.logged:
        if last <= evidence.archive_end and archived.get(last) != data:
            verdict.add("lost", f"the archive has another entry at {last} than the log")
    if evidence.archive_end < evidence.position:
        verdict.add("lost", f"the archive ends at {evidence.archive_end}, the log was at {evidence.position}")
    before, position = "", 0
    entries = {last: (digest, data) for last, digest, data in [*evidence.logged, *evidence.archived]}
    for last, (digest, data) in sorted(entries.items()):
        head = msgspec.msgpack.decode(data)
        if head["first"] != position + 1 or head["before"] != before:
            verdict.add("lost", f"the entry at {head['first']} does not follow the one that ends at {position}")
        if hashlib.blake2b(data, key=head["before"].encode(), digest_size=8).hexdigest() != digest:
            verdict.add("lost", f"the entry at {last} is not what was committed")
        before, position = digest, last
        yield last, data


class _Log:
    """The log, folded by the checker's own model."""

    def __init__(self, verdict: Verdict, rooms: dict[str, tuple[int, int]], total: int) -> None:
        self.calls: Counter[str] = Counter()
        self.rings: dict[str, str] = {}
        """Call: its item."""
        self.over: set[str] = set()
        """Items whose exchange has ended."""
        self.items: dict[str, str] = {}
        self.acts: set[tuple[str, str, str, str]] = set()
        self.keys: Counter[str] = Counter()
        self.ends: list[int] = []
        self.hands: dict[str, list[tuple[int, str]]] = defaultdict(list)
        """Item: from which position on who holds it."""
        self.opened: dict[str, int] = {}
        """Item: the end of the entry that opened it."""
        self.messages: list[int] = []
        """Of each message, the end of the entry that has it."""
        self._verdict = verdict
        self._rooms = rooms
        self._total = total
        self._holders: dict[str, tuple[str, str]] = {}
        self._seqs: dict[str, int] = {}
        self._epoch = 0

    def take(self, last: int, entry: dict[str, Any]) -> None:
        """The next entry."""
        if entry["epoch"] < self._epoch:
            self._verdict.add("lost", f"the entry at {last} is of writer {entry['epoch']}, after {self._epoch}")
        self._epoch = entry["epoch"]
        self.ends.append(last)
        self.keys.update(handled["key"] for handled in entry.get("handled", ()) if handled.get("key"))
        for event in entry.get("events", ()):
            self._hands(last, event)
            self._story(last, event)

    def holder(self, item: str, position: int) -> str:
        """Who held an item at a position; '' for nobody."""
        hands = self.hands.get(item, [])
        at = bisect_right(hands, position, key=lambda hand: hand[0])
        return hands[at - 1][1] if at else ""

    def _story(self, last: int, event: dict[str, Any]) -> None:
        kind, item = event["type"], event.get("item", "")
        if kind == "ItemOpened":
            self.items[item], self.opened[item] = event["channel"], last
            if call := event.get("call"):
                self.calls[call] += 1
                self.rings[call] = item
        elif kind == "ConversationOpened":
            self._seqs[event["conversation"]] = event.get("seq", 0)
        elif kind in ("MessageReceived", "ReplySent"):
            self.messages.append(last)
            conversation, before = event["conversation"], self._seqs.get(event["conversation"], 0)
            if event["seq"] != before + 1:
                self._verdict.add("out_of_order", f"{conversation} goes from message {before} to {event['seq']}")
            self._seqs[conversation] = event["seq"]
        if kind in ("WrapUpStarted", "ItemClosed"):
            self.over.add(item)
        elif kind in ("ItemQueued", "ReservationMade"):
            self.over.discard(item)
        if kind in _ACTS:
            self.acts.add((_ACTS[kind], item, event.get("agent", ""), event.get("reservation", "")))

    def _hands(self, last: int, event: dict[str, Any]) -> None:
        kind, item = event["type"], event.get("item", "")
        if kind in ("ReservationMade", "ItemResumed"):
            if item in self._holders:
                self._verdict.add("two_agents", f"{item} is given to {event['agent']}: {self._holders[item][0]} has it")
            self._holders[item] = (event["agent"], event.get("reservation", ""))
            self._check_room(event["agent"])
            self.hands[item].append((last, event["agent"]))
        elif kind == "ReservationAccepted":
            if self._holders.get(item) != (event["agent"], event["reservation"]):
                self._verdict.add("two_agents", f"{event['agent']} accepts {item}, which is not theirs")
        elif kind in _LETTING_GO and self._holders.pop(item, None) is not None:
            self.hands[item].append((last, ""))

    def _check_room(self, agent: str) -> None:
        held = Counter(self.items[item] for item, (holder, _) in self._holders.items() if holder == agent)
        load = sum(self._rooms[channel][1] * count for channel, count in held.items())
        if load > self._total or any(count > self._rooms[channel][0] for channel, count in held.items()):
            self._verdict.add("over_capacity", f"{agent} holds {dict(held)}")


class _Archive:
    """What the archive's rows say, and whether they are those of the log."""

    def __init__(self, verdict: Verdict, evidence: Evidence, log: _Log) -> None:
        self.items = {id for id, _ in evidence.items}
        self.calls = Counter(call for _, call in evidence.items if call)
        self.places: dict[str, list[tuple[str, int]]] = defaultdict(list)
        """Mark: the conversations and places of the messages that bear it."""
        seqs: dict[str, int] = {}
        for _, conversation, seq, _, _, _, marks in evidence.messages:
            if seq != seqs.get(conversation, 0) + 1:
                verdict.add("out_of_order", f"{conversation} has message {seq} after {seqs.get(conversation, 0)}")
            seqs[conversation] = seq
            for mark in marks:
                self.places[mark].append((conversation, seq))
        for item, last in log.opened.items():
            if last <= evidence.archive_end and item not in self.items:
                verdict.add("lost", f"{item} is in the log and not in the archive")
        messages = sum(last <= evidence.archive_end for last in log.messages)
        if len(evidence.messages) != messages:
            verdict.add("lost", f"the log has {messages} messages, the archive {len(evidence.messages)}")


class _Promises:
    """Each acknowledgement has its effect, exactly one."""

    def __init__(self, verdict: Verdict, evidence: Evidence, log: _Log, archive: _Archive) -> None:
        self._verdict = verdict
        self._decided = set(evidence.outcomes) | log.keys.keys()
        self._log = log
        self._archive = archive

    def check(self, journal: list[Line]) -> None:
        """Go through the journal."""
        receipts: dict[str, str] = {}
        for line in journal:
            if isinstance(line, Taken):
                self._taken(line, receipts)
            elif isinstance(line, Acted):
                self._acted(line)
            elif isinstance(line, Skipped):
                self._verdict.add("out_of_order", f"a screen of {line.conversation}: {line.after}, then {line.seq}")
        self._doubles()
        for put in (line for line in journal if isinstance(line, Put)):
            self._once(put.message_id, "a mail in the inbox")
        self._said([line for line in journal if isinstance(line, Said)])
        self._threads([line for line in journal if isinstance(line, Put)])

    def _taken(self, line: Taken, receipts: dict[str, str]) -> None:
        if receipts.setdefault(line.event, line.receipt) != line.receipt:
            self._verdict.add("doubled", f"{line.event} was given two receipts")
        if key_of(line.receipt) not in self._decided:
            self._verdict.add("lost", f"{line.event} was acknowledged and never decided")
        if line.kind == "call.offered" and not (self._log.calls[line.call] and self._archive.calls[line.call]):
            self._verdict.add("lost", f"{line.call} was acknowledged and there is no item of it")
        item = self._log.rings.get(line.call)
        if line.kind == "call.ended" and item is not None and item not in self._log.over:
            self._verdict.add("lost", f"the end of {line.call} was acknowledged and {item} goes on")

    def _acted(self, line: Acted) -> None:
        acts = self._log.acts
        done = (line.action, line.item, line.agent)
        if not any((*done, reservation) in acts for reservation in {line.reservation, ""}):
            self._verdict.add("lost", f"{line.action} of {line.item} by {line.agent} was acknowledged and not done")
        if line.mark:
            self._once(line.mark, f"a reply of {line.agent}")

    def _doubles(self) -> None:
        for what in (self._log.calls, self._archive.calls, self._log.keys):
            for id, count in what.items():
                if count > 1:
                    self._verdict.add("doubled", f"{id} has {count} effects")
        for mark, places in self._archive.places.items():
            if len(places) > 1:
                self._verdict.add("doubled", f"{mark} is {len(places)} messages")

    def _once(self, mark: str, what: str) -> None:
        if not self._archive.places[mark]:
            self._verdict.add("lost", f"{mark}: {what} is no message")

    def _said(self, lines: list[Said]) -> None:
        seqs: dict[str, int] = {}
        for line in lines:
            self._once(line.mark, "what a visitor said")
            if any(place != (line.conversation, line.seq) for place in self._archive.places[line.mark]):
                self._verdict.add("out_of_order", f"{line.mark} was acknowledged as message {line.seq} and is another")
            if line.seq <= seqs.get(line.conversation, 0):
                self._verdict.add("out_of_order", f"{line.mark} came after message {seqs[line.conversation]}")
            seqs[line.conversation] = line.seq

    def _threads(self, lines: list[Put]) -> None:
        """Mails of one sender, where they came into one conversation, stand in the order in which they came."""
        seqs: dict[tuple[str, str], int] = {}
        for line in lines:
            for conversation, seq in self._archive.places[line.message_id][:1]:
                if seq < seqs.get((line.sender, conversation), 0):
                    self._verdict.add("out_of_order", f"{line.message_id} stands before an earlier mail")
                seqs[line.sender, conversation] = seq


def _screens(verdict: Verdict, log: _Log, lines: list[Shown]) -> None:
    """What screens showed was so, by the log, at that position."""
    ends = set(log.ends)
    for line in lines:
        if line.position and line.position not in ends:
            verdict.add("lost", f"{line.agent} was shown position {line.position}, where no entry ends")
            continue
        for item, state in line.items.items():
            holder = log.holder(item, line.position)
            if state in HELD and holder != line.agent:
                kind = "two_agents" if holder else "lost"
                verdict.add(kind, f"at {line.position} {line.agent} was shown {item}, which {holder or 'nobody'} had")


def _deliveries(verdict: Verdict, evidence: Evidence, lines: list[Submitted]) -> None:
    """What left the house left it once, unless it was surely refused; what is called sent was taken."""
    states = dict(evidence.deliveries)
    arrived = Counter(line.mark for line in lines if line.answer != "refused")
    taken = {line.mark for line in lines if line.answer == "taken"}
    for _, _, _, _, _, delivery, marks in evidence.messages:
        for mark in marks if delivery else ():
            if arrived[mark] > 1:
                verdict.add("doubled", f"{mark} was handed to the mail server {arrived[mark]} times")
            if states.get(delivery) == "sent" and mark not in taken:
                verdict.add("lost", f"{mark} is called sent, and the mail server never took it")
            if states.get(delivery) in ("queued", "failed") and arrived[mark]:
                verdict.add("doubled", f"{mark} is called {states[delivery]} and may have arrived")
