"""Classes: equal items and equal agents. Which of them can meet is worked out once for each pair, when they come up.

Items that ask the same are one *item class* and wait in one line, ordered by due and then by entry. Agents with the
same skills, memberships and teams are one *profile class* and idle in one line per (channel, measure in use).
"""

from typing import NamedTuple, TypeAlias

from sortedcontainers import SortedList

from queues.comparator import THOUSANDTHS, Comparator
from queues.queue import Queue
from queues.strategy import IdleFrom, Strategy
from queues.team import Membership
from router.core.ask import Ask, order_of
from skills import Profile, fitness, meets, missing

Wait: TypeAlias = tuple[int, int, str]
"""An item's place in its line: due, entry sequence, item id."""

Idle: TypeAlias = tuple[int, int, int, str]
"""An agent's place in an idle line: what the strategy measures (least first), idle since, idle sequence, agent id."""

Measure: TypeAlias = tuple[str, IdleFrom]
"""What orders an idle line: the strategy's measure, and what idle time counts from."""

Where: TypeAlias = str
"""Which idle line: channel and measure, in one word (a text knows its hash, tuples work it out each time)."""

Claim: TypeAlias = tuple[int, int, Comparator | None]
"""How the head of an item class claims to be an agent's next. Lower goes first: rank of the queue for the agent, then
due less a credit, or, where there is a slope, what it has gained by now."""

Rank: TypeAlias = tuple[int, int, int]
"""How a profile class stands towards an item class: order of membership, wishes unmet, the strategy's rank."""

_MEASURES: dict[Strategy, str] = {
    "least_flexible": "longest_idle",
    "best_fit": "longest_idle",
    "random": "longest_idle",
    "weighted": "fewest_handled",
}

LONGEST_IDLE: Measure = ("longest_idle", "available")


def measure(queue: Queue | None) -> Measure:
    """What orders the agents of one class for the items of this queue."""
    if queue is None:
        return LONGEST_IDLE
    return (_MEASURES.get(queue.strategy, queue.strategy), queue.idle_from)


def where(channel: str, measured: Measure) -> Where:
    """The idle line of a channel that is ordered by this measure."""
    return f"{channel}/{measured[0]}/{measured[1]}"


class Offer(NamedTuple):
    """What makes two agents equal: skills, enabled memberships, teams, and how they choose between their queues."""

    skills: Profile
    memberships: tuple[tuple[str, Membership], ...]
    teams: tuple[str, ...]
    comparator: Comparator | None


class ItemClass:
    """Equal items: what they ask, and their line with its head and when that is `due` (asked for far more often than
    they change).

    `gone`: dropped, nothing may wait in it any more.
    """

    __slots__ = (
        "alone",
        "channel",
        "due",
        "gone",
        "head",
        "key",
        "line",
        "measure",
        "only",
        "profiles",
        "queue",
        "rules",
        "strategy",
        "target",
        "where",
    )

    def __init__(self, key: Ask, rules: Queue | None) -> None:
        self.key = key
        self.queue, self.channel, self.only, self.alone = key.queue, key.channel, key.only, key.alone
        self.rules = rules
        self.strategy = rules.strategy if rules is not None else "longest_idle"
        self.target = rules.target(key.channel) if rules is not None else 0
        self.measure = measure(rules)
        self.where = where(key.channel, self.measure)
        self.line: SortedList[Wait] = SortedList()
        self.head: Wait | None = None
        self.due = 0
        self.profiles: dict[ProfileClass, Rank] = {}
        self.gone = False

    def led_by(self, head: Wait | None) -> None:
        """This one is the first in line from here on."""
        self.head = head
        self.due = head[0] if head is not None else 0


class ProfileClass:
    """Equal agents: what they can do and serve, their idle lines (those in which somebody idles), the item classes they
    can serve, and how many there are."""

    __slots__ = ("classes", "comparator", "key", "lines", "memberships", "size", "skills", "teams")

    def __init__(self, key: Offer) -> None:
        self.key = key
        self.skills = key.skills
        self.memberships = dict(key.memberships)
        self.teams = key.teams
        self.comparator = key.comparator
        self.lines: dict[Where, list[Idle]] = {}
        self.classes: dict[ItemClass, Claim] = {}
        self.size = 0

    def serves(self, item_class: ItemClass) -> bool:
        """Whether these agents may take these items."""
        return item_class in self.classes or rank(item_class, self) is not None


class Meetings:
    """Notes which classes can meet. There may be millions of pairs, but few ways in which they stand to each other:
    equal ranks and claims are one object."""

    def __init__(self) -> None:
        self._ranks: dict[Rank, Rank] = {}
        self._claims: dict[Claim, Claim] = {}

    def meet(self, item_class: ItemClass, profile: ProfileClass) -> None:
        """Note that the two can meet, if they can."""
        found = rank(item_class, profile)
        if found is not None:
            item_class.profiles[profile] = self._ranks.setdefault(found, found)
            how = claim(item_class, profile)
            profile.classes[item_class] = self._claims.setdefault(how, how)


def rank(item_class: ItemClass, profile: ProfileClass) -> Rank | None:
    """How these agents stand towards these items; None when they may not take them."""
    asks = item_class.key
    order = order_of(asks, profile.memberships, profile.teams)
    if order is None or not meets(profile.skills, asks.requirement):
        return None
    unmet = len(missing(profile.skills, asks.wishes)) if asks.wishes else 0
    return (order, unmet, _strategic(item_class, profile))


def _strategic(item_class: ItemClass, profile: ProfileClass) -> int:
    match item_class.strategy:
        case "least_flexible":
            return len(profile.memberships) * THOUSANDTHS + len(profile.skills)
        case "best_fit":
            return -fitness(profile.skills, item_class.key.requirement + item_class.key.wishes)
        case _:
            return 0


def claim(item_class: ItemClass, profile: ProfileClass) -> Claim:
    """How these items claim to be the next of these agents."""
    own = profile.memberships.get(item_class.queue)
    rank = -own.priority if own is not None else 0
    comparator = profile.comparator
    if comparator is None and item_class.rules is not None:
        comparator = item_class.rules.comparator
    if comparator is None:
        return (rank, 0, None)
    slope = comparator if comparator.kind == "slope" else None
    return (rank, comparator.claim(item_class.key.priority, 0, 0), slope)
