"""A team: agents under one supervisor, on one line; and who serves which queue in which order."""

import msgspec

from queues.comparator import Comparator


class Membership(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Serving one queue. Lower `order` is asked first; a disabled membership is an overflow one, switched off.

    `priority`: of the agent's queues those with the highest are served first, whatever waits in the others.
    `delay_ms`: items come to this agent only after they have waited so long (ticks). `weight`: their share where the
    queue's strategy is `weighted`.
    """

    order: int = 1
    enabled: bool = True
    priority: int = 0
    delay_ms: int = 0
    weight: int = 1


class Team(msgspec.Struct, frozen=True, kw_only=True, tag="team"):
    """A group of agents. Its members serve the queues of `memberships` unless the agent's own say otherwise.

    `comparator` is their routing profile's: it decides between the queues that a member serves in place of these' own.
    `leader` is the agent whom members ask; after `stand_in_after_ms` without an answer `stand_in` is told too.
    """

    id: str
    names: dict[str, str] = {}
    line: int = 1
    memberships: dict[str, Membership] = {}
    comparator: Comparator | None = None
    leader: str = ""
    stand_in: str = ""
    stand_in_after_ms: int = 60_000
    revision: int = 0
