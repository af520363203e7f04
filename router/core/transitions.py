"""What may happen to a work item in which state: the whole life of an item as two tables.

    opened -> queued -> reserved -> active -> wrapping -> closed
                 ^          |          |
                 |  declined, expired, |-> pending (waits for the customer or a date) -> queued or active
                 |  rescinded, failed  |-> queued elsewhere (escalated, transferred)
                 +----------+----------+

`queued` may also end abandoned (closed) or stuck; a stuck item waits for a supervisor. `EVENTS` says from which
states an event may follow and where it leads (`evolve` asserts it); `COMMANDS` in which states an agent's
command is heard at all (`decide` refuses it elsewhere as `wrong_state`). An item may be held for several agents at
once: it is queued again when the last of these reservations has ended. An active item may be interrupted or silent,
which are no states of its life: they say whether its agent works on it now, and whether it takes room.
"""

from typing import Final

from router.core import commands as c
from router.core import events as e
from router.core.item import HELD, OPEN, ItemState

EVENTS: Final[dict[type, tuple[frozenset[ItemState], ItemState]]] = {
    e.ItemQueued: (OPEN - {"reserved"}, "queued"),
    e.ReservationMade: (frozenset({"queued", "reserved"}), "reserved"),
    e.ReservationAccepted: (frozenset({"reserved"}), "active"),
    e.ReservationEnded: (frozenset({"reserved", "active"}), "queued"),
    e.ItemPending: (frozenset({"queued", "active", "wrapping", "pending"}), "pending"),
    e.ItemResumed: (frozenset({"pending"}), "active"),
    e.WrapUpStarted: (frozenset({"active"}), "wrapping"),
    e.WrapUpExtended: (frozenset({"wrapping"}), "wrapping"),
    e.ItemStuck: (frozenset({"queued"}), "stuck"),
    e.ItemClosed: (OPEN - {"reserved"}, "closed"),
}
"""Event -> (states it may come in, state it leads to)."""

_WORKED: Final[frozenset[ItemState]] = frozenset({"active", "wrapping"})

COMMANDS: Final[dict[type, frozenset[ItemState]]] = {
    c.SendReply: _WORKED,
    c.AddNote: OPEN,
    c.SetPending: _WORKED,
    c.ResumeItem: frozenset({"pending"}),
    c.SetCategory: HELD | {"pending"},
    c.SetOutcome: _WORKED | {"pending"},
    c.LinkCustomer: HELD | {"pending"},
    c.EndContact: frozenset({"active"}),
    c.CompleteItem: _WORKED | {"pending"},
    c.FailCallback: frozenset({"active"}),
    c.EscalateItem: _WORKED | {"pending"},
    c.TransferItem: _WORKED | {"pending"},
    c.SplitItem: _WORKED | {"pending"},
    c.DismissItem: _WORKED | {"pending"},
    c.AskPermission: _WORKED | {"pending"},
    c.CallForHelp: _WORKED | {"pending"},
    c.ReturnItem: _WORKED | {"pending"},
    c.ConsultItem: _WORKED | {"pending"},
    c.AnswerConsult: frozenset({"active"}),
    c.HandOver: _WORKED | {"pending"},
}
"""Agent's command -> states of the item in which it is heard."""


OF_CONSULTS: Final[frozenset[type]] = frozenset({c.AnswerConsult, c.TransferItem})
"""Of these commands, those that a consult hears: its customer is another item's."""


def hears(command: type, state: ItemState) -> bool:
    """Whether a command of this type is heard by an item in this state."""
    return state in COMMANDS[command]
