"""A thread key that two conversations have (a mail that answers both) leads to one of them, whichever way the state
came about: writer, followers and who loads the records must not be of two minds."""

from itertools import permutations

from router.core import events as e
from router.core.evolve import evolve
from router.core.facts import Facts, MessageFacts
from router.core.invariants import check
from router.core.state import State, load


def _talk(conversation: str, *keys: str) -> list[e.Event]:
    item = f"i-{conversation}"
    message = MessageFacts(id=f"m-{conversation}", content="t", thread_keys=keys)
    return [
        e.ConversationOpened(at=1, conversation=conversation, channel="email", reference=f"r-{conversation}"),
        e.ItemOpened(at=1, item=item, conversation=conversation, channel="email", facts=Facts()),
        e.MessageReceived(at=1, conversation=conversation, item=item, seq=1, message=message),
    ]


def _state(*names: str) -> State:
    state = State()
    for name in names:
        for event in _talk(name, "shared", f"own-{name}"):
            evolve(state, event)
    return state


def test_a_shared_key_leads_to_the_same_conversation_in_whatever_order_they_came() -> None:
    for order in permutations(("a", "b", "c")):
        state = _state(*order)
        assert state.threads["shared"] == "a"
        assert load(state.records()).threads == state.threads


def test_when_one_of_them_leaves_the_key_leads_to_the_other() -> None:
    state = _state("b", "a")
    state.drop("conversation", "a")
    state.settle()
    assert state.threads == {"shared": "b", "own-b": "b"}
    state.drop("conversation", "b")
    state.settle()
    assert state.threads == {}


def test_changing_either_changes_nothing_of_the_key() -> None:
    state = _state("a", "b")
    for conversation in ("b", "a", "b"):
        evolve(state, e.MessagesSeen(at=2, conversation=conversation, side="agent", up_to=1))
        assert state.threads["shared"] == "a"
    assert not [fault for fault in check(state) if "threads" in fault]
