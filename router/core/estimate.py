"""Estimates: where a waiting item stands and how long it will wait, from the real skill graph. Only reads.

The load of what goes before an item is spread over the crews that may take it, each kind of items over those that may
take these, until no crew is left with more than another that could help it (a fluid model of the graph). What lies
before the item on its own crews is then so many items ahead of it at the rate of these crews: `queues.estimates` makes
a wait of it. Where too few handling times are known it is told from the head of the line.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple, TypeAlias

import msgspec

from queues import estimates
from queues.estimates import CONFIDENCE, Method, Wait, between
from queues.queue import CHANNELS
from router.core import limits
from router.core.ask import Raw
from router.core.classes import Claim, ItemClass, claim
from router.core.classes import Wait as Place
from router.core.crews import Crew, crews_there
from router.core.item import WorkItem
from router.core.pace import Pace, pace_id
from router.core.placing import raw
from router.core.scores import Precedence, precedence
from router.core.state import State
from router.core.waiting import ANYBODY

Methods: TypeAlias = Mapping[tuple[str, str], Method]
"""The method that was measured to be the better one, by queue and channel, where it was measured."""

_MEASURED_NONE: Final[Methods] = {}
_LAST: Final = "\uffff"
"""In place of the id of an item that is not there yet: after all others."""


class Estimate(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    rename={"low": "low_ms", "expected": "expected_ms", "high": "high_ms"},
):
    """Where an item stands and how long it will still wait.

    `position` counts the items of its queue and channel up to and with it; `ahead` those that go before it to the
    `agents` who may take it and are there. `low` to `high` holds with a confidence of `confidence` percent; without a
    `method` nothing is known: nobody who may take it is there (`nobody`), or nothing was answered yet (`no_history`).
    """

    position: int
    ahead: int
    agents: int
    method: Method | None = None
    reason: str = ""
    low: int | None = None
    expected: int | None = None
    high: int | None = None
    confidence: int = CONFIDENCE


class Load(NamedTuple):
    """Items of one kind that go before another: how many, which crews take them, how long each takes."""

    items: int
    crews: dict[Crew, int]
    mean: float
    channel: str


class _Scene(NamedTuple):
    """What an estimate is made in: the state at an instant."""

    state: State
    now: int


def estimate(state: State, id: str, now: int, methods: Methods = _MEASURED_NONE) -> Estimate | None:
    """The estimate for a waiting item; None for one that does not wait."""
    item = state.items.get(id)
    item_class = state.lines.class_of(id)
    if item is None or item_class is None:
        return None
    return _estimate(_Scene(state, now), item, item_class, methods)


def _estimate(scene: _Scene, item: WorkItem, item_class: ItemClass, methods: Methods) -> Estimate:
    state, place = scene.state, (item.due, item.seq, item.id)
    pace = state.paces.get(pace_id(item.queue, item.channel))
    mean = pace.mean if pace is not None and pace.handled >= limits.ESTIMATE_HANDLED_MIN else None
    loads = _before(scene, item_class, place, mean or 1.0)
    shown = Estimate(
        position=position(state, item_class, place, scene.now),
        ahead=sum(load.items for load in loads) - 1,
        agents=sum(loads[-1].crews.values()),
    )
    if pace is None or mean is None or methods.get((item.queue, item.channel)) == "head_of_line":
        return _from_the_line(scene, shown, item_class, item, pace)
    wait = _through_the_plan(
        scene, item, item_class, _Rates(mean, impatience(pace)), _queued(loads, mean, impatience(pace))
    )
    if wait is None:
        return msgspec.structs.replace(shown, reason="nobody")
    return _told(shown, "queue_length", estimates.uncertain(wait, pace.handled))


def prospect(state: State, asks: Raw, now: int, methods: Methods = _MEASURED_NONE) -> Estimate | None:
    """The estimate for somebody who would come into a queue now and ask this; None for a queue that is not there."""
    queue = state.queues.get(asks.queue)
    channel = next((one for one in CHANNELS if one == asks.channel), None)
    if queue is None or channel is None:
        return None
    last = WorkItem(
        id=_LAST,
        conversation="",
        channel=channel,
        queue=asks.queue,
        requirement=asks.requirement,
        wishes=asks.wishes,
        priority=asks.priority,
        entered_at=now,
        due=now + queue.target(channel),
        seq=state.meta.seq + 1,
    )
    item_class = ItemClass(state.placing.ask(asks), queue)
    return _estimate(_Scene(state, now), last, item_class, methods)


def head_waited(state: State, id: str, now: int) -> int | None:
    """How long the head of an item's line has waited, when that is another item: the head-of-line estimate of who came
    last."""
    item_class = state.lines.class_of(id)
    if item_class is None or item_class.line[0][2] == id:
        return None
    return now - state.items[item_class.line[0][2]].entered_at


def impatience(pace: Pace) -> float:
    """How many leave, per tick that somebody waits: abandons / all time waited (exponential patience, censored)."""
    return pace.left / limits.PACE_ONE / pace.waited if pace.waited else 0.0


def position(state: State, item_class: ItemClass, place: Place, now: int) -> int:
    """Where an item stands among all of its queue and channel: 1 is next. In the queue's own order."""
    mine = precedence(item_class, claim(item_class, ANYBODY), place, now)
    return 1 + sum(
        _count(other, claim(other, ANYBODY), mine, now)
        for other in state.lines.in_queue(item_class.queue)
        if other.channel == item_class.channel
    )


def _told(shown: Estimate, method: Method, wait: Wait) -> Estimate:
    low, expected, high = between(wait)
    return msgspec.structs.replace(shown, method=method, low=low, expected=expected, high=high)


def _from_the_line(
    scene: _Scene, shown: Estimate, item_class: ItemClass, item: WorkItem, pace: Pace | None
) -> Estimate:
    """From how long the head of the line has waited; of who is alone in it, from who was answered last."""
    if not shown.agents:
        return msgspec.structs.replace(shown, reason="nobody")
    equals = (other for other in scene.state.lines.in_queue(item_class.queue) if other.key == item_class.key)
    line = next(equals, item_class).line
    place = line.bisect_left((item.due, item.seq, item.id)) + 1
    length = max(len(line), place)
    waited = scene.now - scene.state.items[line[0][2]].entered_at if line else 0
    if length > 1 and waited > 0:
        return _told(shown, "head_of_line", estimates.head_of_line(waited, place, length))
    if pace is not None and pace.last_wait is not None:
        elapsed = scene.now - item.entered_at
        return _told(shown, "last_answered", estimates.last_answered(pace.last_wait, elapsed))
    return msgspec.structs.replace(shown, reason="no_history")


# -- through the steps of the plan ----------------------------------------------------------------------------


class _Rates(NamedTuple):
    """How long such an item takes, and how many of those who wait leave per tick."""

    mean: float
    leaving: float


def _through_the_plan(
    scene: _Scene, item: WorkItem, item_class: ItemClass, rates: _Rates, wait: Wait | None
) -> Wait | None:
    """The wait, with the steps that come before its end: each lets others take part from then on. None: for ever.

    At each step the share of the wait that is over is kept, and the rest is that share of the wait under its rules.
    """
    place = (item.due, item.seq, item.id)
    left, spent, waited = 1.0, 0.0, item.waited
    for _ in range(limits.ESTIMATE_STEPS_MAX):
        following = next((at for at in scene.state.placing.thresholds(item.queue) if at > waited), None)
        if following is None:
            break
        starts = max(item.entered_at + following - scene.now, spent)
        if wait is not None:
            if left * wait.mean <= starts - spent:
                break
            left -= (starts - spent) / wait.mean
        spent, waited = starts, following
        asks = scene.state.placing.ask(raw(item)._replace(waited=waited))
        if asks != item_class.key:
            item_class = ItemClass(asks, scene.state.queues.get(item.queue))
            wait = _queued(_before(scene, item_class, place, rates.mean), rates.mean, rates.leaving)
    return Wait(spent + left * wait.mean, left * left * wait.variance) if wait is not None else None


def _queued(loads: list[Load], mean: float, leaving: float) -> Wait | None:
    """The wait behind these loads, of which the last is that of the item itself; None when nobody is there."""
    own = loads[-1]
    if not own.crews:
        return None
    rate = sum(count * crew.slots[own.channel] for crew, count in own.crews.items()) / mean
    return estimates.queue_length(max(shared(loads) * rate - 1, 0.0), rate, leaving)


# -- the skill graph ------------------------------------------------------------------------------------------


def _before(scene: _Scene, item_class: ItemClass, place: Place, mean: float) -> list[Load]:
    """What goes before the item to its crews, kind by kind; the item itself, with what is before it among its equals,
    comes last."""
    state, now = scene
    crews = state.crews
    there = dict(crews_there(crews, item_class.key))
    loads = []
    own = item_class.line.bisect_left(place)
    for other in state.lines.classes():
        if other is item_class:
            continue
        able = crews.able(other.key)
        crew = next((crew for crew in there if crew in able), None)
        if crew is None:
            continue
        mine = precedence(item_class, claim(item_class, crew.profile), place, now)
        count = _count(other, claim(other, crew.profile), mine, now)
        if other.key == item_class.key:
            own = max(own, count)
        elif count:
            loads.append(Load(count, dict(crews_there(crews, other.key)), _mean(state, other, mean), other.channel))
    loads.append(Load(own + 1, there, mean, item_class.channel))
    return loads


def _count(item_class: ItemClass, how: Claim, mine: Precedence, now: int) -> int:
    """How many of a line, from its head, go before: found by halving, since a line is in order."""
    low, high = 0, len(item_class.line)
    while low < high:
        middle = (low + high) // 2
        if precedence(item_class, how, item_class.line[middle], now) < mine:
            low = middle + 1
        else:
            high = middle
    return low


def _mean(state: State, item_class: ItemClass, otherwise: float) -> float:
    pace = state.paces.get(pace_id(item_class.queue, item_class.channel))
    return (pace.mean if pace is not None else None) or otherwise


def shared(loads: list[Load]) -> float:
    """How long the crews of the last load are busy with what lies before its end (ticks), when all crews share what
    they can take as evenly as they may."""
    sizes = {crew: count for load in loads for crew, count in load.crews.items()}
    work = [_work(load) for load in loads]
    parts = [
        _even({crew: load.crews[crew] / needs for crew, needs in of.items()})
        for load, of in zip(loads, work, strict=True)
    ]
    busy = _busy(sizes, work, parts)
    bounded = sum(map(len, parts)) <= limits.ESTIMATE_EDGES_MAX
    for _ in range(limits.ESTIMATE_ROUNDS if bounded and len(loads) > 1 else 0):
        parts = [_even({crew: part / busy[crew] for crew, part in of.items()}) for of in parts]
        busy = _busy(sizes, work, parts)
    return sum(part * busy[crew] for crew, part in parts[-1].items())


def _work(load: Load) -> dict[Crew, float]:
    """How long an agent of each crew is busy with all of it."""
    return {crew: load.items * load.mean / max(crew.slots.get(load.channel, 1), 1) for crew in load.crews}


def _even(weights: dict[Crew, float]) -> dict[Crew, float]:
    whole = sum(weights.values())
    return {crew: weight / whole for crew, weight in weights.items()}


def _busy(sizes: dict[Crew, int], work: list[dict[Crew, float]], parts: list[dict[Crew, float]]) -> dict[Crew, float]:
    busy = dict.fromkeys(sizes, 0.0)
    for needs, of in zip(work, parts, strict=True):
        for crew, part in of.items():
            busy[crew] += needs[crew] * part / sizes[crew]
    return busy
