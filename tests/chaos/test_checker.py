"""The test of the test: each kind of violation, planted into a good round, is found, and nothing else is."""

import base64
import hashlib
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from tests.chaos import centre
from tests.chaos.checker import KINDS, judge
from tests.chaos.evidence import Evidence
from tests.chaos.journal import Acted, Line, Put, Said, Shown, Skipped, Submitted, Taken


class Round:
    """A small round by hand: a call that ann takes, a mail that she answers, a chat of two messages.

    `batches` are the events of one entry each; `evidence` makes bytes of them.
    """

    def __init__(self) -> None:
        self.batches: list[list[dict[str, Any]]] = [
            [
                {"type": "ItemOpened", "item": "call", "channel": "phone", "call": "k1", "conversation": "c1"},
                {"type": "ReservationMade", "item": "call", "agent": "ann", "reservation": "r1"},
            ],
            [{"type": "ReservationAccepted", "item": "call", "agent": "ann", "reservation": "r1"}],
            [{"type": "ItemClosed", "item": "call", "agent": "ann"}],
            [
                {"type": "ConversationOpened", "conversation": "c2"},
                {"type": "ItemOpened", "item": "mail", "channel": "email", "conversation": "c2"},
                {"type": "MessageReceived", "item": "mail", "conversation": "c2", "seq": 1},
                {"type": "ReservationMade", "item": "mail", "agent": "ann", "reservation": "r2"},
                {"type": "ReservationAccepted", "item": "mail", "agent": "ann", "reservation": "r2"},
            ],
            [{"type": "ReplySent", "item": "mail", "agent": "ann", "conversation": "c2", "seq": 2}],
            [
                {"type": "ConversationOpened", "conversation": "c3"},
                {"type": "ItemOpened", "item": "chat", "channel": "chat", "conversation": "c3"},
                {"type": "MessageReceived", "item": "chat", "conversation": "c3", "seq": 1},
                {"type": "MessageReceived", "item": "chat", "conversation": "c3", "seq": 2},
            ],
        ]
        self.messages: list[tuple[int, str, int, str, str, str, list[str]]] = [
            (9, "c2", 1, "customer", "mail", "", ["<m1>"]),
            (12, "c2", 2, "agent", "mail", "d1", ["reply-1"]),
            (15, "c3", 1, "customer", "chat", "", ["chat-1"]),
            (16, "c3", 2, "customer", "chat", "", ["chat-2"]),
        ]
        self.items = [("call", "k1"), ("mail", ""), ("chat", "")]
        self.deliveries = [("d1", "sent")]
        self.keys = ["key-1"]
        self.journal: list[Line] = [
            taken("k1", "key-1"),
            Shown(agent="ann", position=2, items={"call": "reserved"}),
            Acted(agent="ann", item="call", action="accept", position=3, reservation="r1"),
            Acted(agent="ann", item="call", action="complete", position=4),
            Put(message_id="<m1>", sender="kim"),
            Acted(agent="ann", item="mail", action="reply", position=10, mark="reply-1"),
            Submitted(mark="reply-1", answer="taken"),
            Said(mark="chat-1", conversation="c3", seq=1),
            Said(mark="chat-2", conversation="c3", seq=2),
        ]

    def evidence(self) -> Evidence:
        """What the server would have left behind."""
        entries, before, position = [], "", 0
        for number, events in enumerate(self.batches):
            handled = [{"command": 1, "key": key} for key in self.keys] if not number else []
            first, position = position + 1, position + len(events)
            entry = {"first": first, "epoch": 1, "before": before, "handled": handled, "events": events}
            data = msgspec.msgpack.encode(entry)
            before = hashlib.blake2b(data, key=before.encode(), digest_size=8).hexdigest()
            entries.append((position, before, data))
        return Evidence(
            archived=entries,
            logged=entries[-2:],
            position=position,
            outcomes=[],
            items=self.items,
            messages=self.messages,
            deliveries=self.deliveries,
        )

    def judged(self) -> dict[str, int]:
        """The findings by kind, those that there are."""
        counts = judge(self.journal, self.evidence(), centre.ROOMS, centre.TOTAL).counts
        return {kind: count for kind, count in counts.items() if count}


def taken(call: str, key: str) -> Taken:
    """A call's offer was acknowledged under this key."""
    receipt = base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")
    return Taken(kind="call.offered", call=call, event=f"{call}-offered", receipt=receipt)


def event(type: str, item: str, agent: str, reservation: str) -> dict[str, Any]:
    return {"type": type, "item": item, "agent": agent, "reservation": reservation}


def an_acknowledgement_too_many(round: Round) -> None:
    round.journal.append(taken("k2", "key-1"))


def an_event_that_was_never_decided(round: Round) -> None:
    round.keys.clear()


def an_end_of_a_call_that_goes_on(round: Round) -> None:
    opened = {"type": "ItemOpened", "item": "call2", "channel": "phone", "call": "k2", "conversation": "c4"}
    round.batches.append([opened, event("ReservationMade", "call2", "bob", "r8")])
    round.items.append(("call2", "k2"))
    round.keys.append("key-2")
    round.journal.append(msgspec.structs.replace(taken("k2", "key-2"), kind="call.ended"))


def an_action_that_was_not_done(round: Round) -> None:
    round.journal.append(Acted(agent="ann", item="mail", action="complete", position=12))


def a_mail_that_is_no_message(round: Round) -> None:
    round.journal.append(Put(message_id="<m2>", sender="kim"))


def an_item_that_the_archive_misses(round: Round) -> None:
    round.items.remove(("chat", ""))


def a_screen_beyond_the_log(round: Round) -> None:
    round.journal.append(Shown(agent="ann", position=99, items={}))


def an_item_on_a_screen_that_was_nobodys(round: Round) -> None:
    round.journal.append(Shown(agent="ann", position=4, items={"call": "active"}))


def a_delivery_that_never_arrived(round: Round) -> None:
    round.journal = [line for line in round.journal if not isinstance(line, Submitted)]


def a_call_with_two_items(round: Round) -> None:
    again = {"type": "ItemOpened", "item": "call2", "channel": "phone", "call": "k1", "conversation": "c4"}
    round.batches.append([again])
    round.items.append(("call2", ""))


def a_command_that_was_handled_twice(round: Round) -> None:
    round.keys.append("key-1")


def an_event_with_two_receipts(round: Round) -> None:
    round.keys.append("key-2")
    round.journal.append(taken("k1", "key-2"))


def a_reply_that_arrived_twice(round: Round) -> None:
    round.journal.append(Submitted(mark="reply-1", answer="dropped"))


def an_item_with_two_holders(round: Round) -> None:
    round.batches.append([event("ReservationMade", "mail", "bob", "r9")])


def an_item_accepted_by_somebody_else(round: Round) -> None:
    round.batches[1] = [event("ReservationAccepted", "call", "bob", "r1")]
    del round.journal[2]


def two_screens_with_one_item(round: Round) -> None:
    round.journal.append(Shown(agent="bob", position=2, items={"call": "reserved"}))


def a_third_mail_for_one_agent(round: Round) -> None:
    opened = {"type": "ItemOpened", "channel": "email", "conversation": "c4"}
    for id in ("mail2", "mail3"):
        round.batches.append([opened | {"item": id}, event("ReservationMade", id, "ann", id)])
        round.items.append((id, ""))


def a_conversation_with_a_gap(round: Round) -> None:
    round.batches[-1][-1]["seq"] = 3
    round.messages[-1] = (16, "c3", 3, "customer", "chat", "", ["chat-2"])
    round.journal[-1] = Said(mark="chat-2", conversation="c3", seq=3)


def messages_that_changed_places(round: Round) -> None:
    round.journal[-2:] = [
        Said(mark="chat-2", conversation="c3", seq=2),
        Said(mark="chat-1", conversation="c3", seq=1),
    ]


def a_screen_with_a_gap(round: Round) -> None:
    round.journal.append(Skipped(conversation="c3", after=0, seq=2))


PLANTED: list[tuple[Callable[[Round], None], dict[str, int]]] = [
    (an_acknowledgement_too_many, {"lost": 1}),
    (an_event_that_was_never_decided, {"lost": 1}),
    (an_end_of_a_call_that_goes_on, {"lost": 1}),
    (an_action_that_was_not_done, {"lost": 1}),
    (a_mail_that_is_no_message, {"lost": 1}),
    (an_item_that_the_archive_misses, {"lost": 1}),
    (a_screen_beyond_the_log, {"lost": 1}),
    (an_item_on_a_screen_that_was_nobodys, {"lost": 1}),
    (a_delivery_that_never_arrived, {"lost": 1}),
    (a_call_with_two_items, {"doubled": 1}),
    (a_command_that_was_handled_twice, {"doubled": 1}),
    (an_event_with_two_receipts, {"doubled": 1}),
    (a_reply_that_arrived_twice, {"doubled": 1}),
    (an_item_with_two_holders, {"two_agents": 1}),
    (an_item_accepted_by_somebody_else, {"two_agents": 1}),
    (two_screens_with_one_item, {"two_agents": 1}),
    (a_third_mail_for_one_agent, {"over_capacity": 1}),
    (a_conversation_with_a_gap, {"out_of_order": 2}),
    (messages_that_changed_places, {"out_of_order": 1}),
    (a_screen_with_a_gap, {"out_of_order": 1}),
]


def test_a_good_round_has_no_findings() -> None:
    assert Round().judged() == {}


@pytest.mark.parametrize(("plant", "found"), PLANTED, ids=lambda part: getattr(part, "__name__", ""))
def test_what_is_planted_is_found_and_nothing_else(plant: Callable[[Round], None], found: dict[str, int]) -> None:
    round = Round()
    plant(round)
    assert round.judged() == found


def test_every_kind_of_finding_is_planted() -> None:
    assert {kind for _, found in PLANTED for kind in found} == set(KINDS)


def test_a_log_that_was_changed_afterwards_is_found() -> None:
    """Each entry is held against its digest, and against the one before."""
    round = Round()
    evidence = round.evidence()
    last, digest, data = evidence.archived[2]
    evidence.archived[2] = (last, digest, data.replace(b"ann", b"bob"))
    counts = judge(round.journal, evidence, centre.ROOMS, centre.TOTAL).counts
    assert counts["lost"] >= 1
