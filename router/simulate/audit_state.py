"""Rules about the end: everything that holds a state holds that of the log, and nothing is left undone in calm."""

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from router.core.due import next_deadline
from router.core.invariants import check, overfull, unmatched
from router.simulate.evidence import Evidence
from router.simulate.loop import SimClock

OVERDUE_MS_MAX = 2_000  # how long something may be due at the end: the writer is just about to do it


def records(evidence: Evidence) -> Iterator[str]:
    """The records are the fold of the log, and nothing is wrong in them."""
    if evidence.folded.digest() != evidence.stored.digest():
        yield "the records are not the fold of the log"
    if evidence.store.position != len(evidence.events):
        yield f"the store is at {evidence.store.position} after {len(evidence.events)} events"
    yield from check(evidence.stored)
    yield from overfull(evidence.stored)


def followers(evidence: Evidence) -> Iterator[str]:
    """Every node has the state of the log."""
    should = evidence.folded.digest()
    for node in evidence.house.up.values():
        if node.domain.position != len(evidence.events):
            yield f"{node.name} is at {node.domain.position}, the log at {len(evidence.events)}"
        elif node.domain.state.digest() != should:
            yield f"{node.name} has another state than the log"


def archive(evidence: Evidence) -> Iterator[str]:
    """The archive is a copy of the log, and what the store still has is its end."""
    log = [(seen.entry.last, seen.kept.data, seen.kept.digest) for seen in evidence.log]
    if evidence.archive.entries != log:
        yield f"the archive has {len(evidence.archive.entries)} entries and is not the log of {len(log)}"
    kept = [(last, data, digest) for last, (_, data, digest) in evidence.store.entries.items()]
    if kept != log[len(log) - len(kept) :]:
        yield "what the store has is not the end of the log"


def liveness(evidence: Evidence) -> Iterator[str]:
    """In calm everybody works, and nothing waits that could be done."""
    store = evidence.store
    yield from unmatched(evidence.stored)
    missing = [name for name in evidence.story.nodes if name not in evidence.house.up]
    if missing:
        yield f"{missing} did not come back"
    if store.submitted != store.command:
        yield f"{store.submitted - store.command} commands are undecided"
    deadline = next_deadline(evidence.stored)
    now = SimClock.START_MS + int(evidence.house.loop.time() * 1000)
    if deadline is not None and not evidence.house.cast.clocks and deadline < now - OVERDUE_MS_MAX:
        yield f"something is due since {now - deadline} ms"
    for (channel, group), at in store.groups.items():
        box = store.outboxes.get(channel, {})
        if at.pending or any(seq > at.last for seq in box):
            yield f"the outbox {channel} of {group} is not empty"


def presence(evidence: Evidence) -> Iterator[str]:
    """An agent is there by the clients that are connected, and by no others."""
    there = {client for presence in evidence.stored.presences.values() for client in presence.clients}
    for client in sorted(there ^ evidence.ledger.sessions):
        yield f"{client} is {'a ghost' if client in there else 'connected and unknown'}"


STATE_RULES: Final[dict[str, Callable[[Evidence], Iterable[str]]]] = {
    "records": records,
    "followers": followers,
    "archive": archive,
    "liveness": liveness,
    "presence": presence,
}
