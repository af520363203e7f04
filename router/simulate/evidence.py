"""What the auditor looks at: the log as it was witnessed, read once, and what stands around it at the end."""

from collections.abc import Iterator
from typing import NamedTuple

from router.core import events as e
from router.core.evolve import evolve
from router.core.state import State, load
from router.gateway import Outcome
from router.simulate.ledger import Kept, Wrong
from router.simulate.world import Story
from router.wire.codec import Entry, decode_entry, decode_record


class Seen(NamedTuple):
    """An entry, as committed."""

    entry: Entry
    kept: Kept


class Evidence:
    """All there is to be known of a world that has ended."""

    def __init__(self, story: Story) -> None:
        self.story = story
        self.house = story.house
        self.ledger = story.house.ledger
        self.store = story.house.store
        self.archive = story.house.archive
        self.log = [Seen(decode_entry(kept.data), kept) for _, kept in sorted(self.ledger.log.items())]
        self.events: list[e.Event] = [event for seen in self.log for event in seen.entry.events]
        self.unreadable: list[Wrong] = []
        self.folded = State()
        self._fold()
        records = self.store.records.items()
        self.stored = load((ref, decode_record(ref[0], data)) for ref, data in records)

    @property
    def readable(self) -> bool:
        """Whether the log makes sense at all."""
        return not self.unreadable

    def _fold(self) -> None:
        try:
            for event in self.events:
                evolve(self.folded, event)
        except (KeyError, AssertionError) as error:
            self.unreadable.append(Wrong("fold", f"the log does not fold: {type(error).__name__} {error}"))

    def outcome(self, key: str) -> Outcome | None:
        """How the command under this key ended, as the store has it."""
        kept = self.store.outcomes.get(key)
        return kept[1] if kept is not None else None

    def handled(self) -> Iterator[tuple[str, Outcome]]:
        """How each command ended, as the log has it: key and outcome."""
        for seen in self.log:
            position = seen.entry.first - 1
            for handled in seen.entry.handled:
                position += handled.events
                if handled.key:
                    yield (
                        handled.key,
                        Outcome(
                            position=position, rejection=handled.rejection, subject=handled.subject, refs=handled.refs
                        ),
                    )

    def text(self, id: str) -> bytes | None:
        """A text, wherever it lies by now."""
        return self.store.contents.get(id, self.archive.texts.get(id))
