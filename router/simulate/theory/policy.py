"""A model's rules in the product's own words: classes become queues, pools become agents with memberships.

What the theory calls a class is a queue here, and a pool's skills are the queues that its agents serve. The order of
pools is that of memberships, the order of classes their priority, ageing the comparator of the queue, a pool that
opens later the delay of its memberships, reserved agents a queue of the pool's own that others may not empty.
"""

from collections.abc import Mapping
from fractions import Fraction
from math import lcm
from typing import Literal

import msgspec

from queues.capacity import Room
from queues.comparator import THOUSANDTHS, Comparator
from queues.queue import Queue
from queues.strategy import Strategy
from queues.team import Membership
from router.core import commands as c
from router.core import events as e
from router.core.agent import Agent
from router.core.evolve import evolve
from router.core.rejections import Rejection
from router.core.state import State
from router.core.step import step
from router.simulate.theory import limits
from router.simulate.theory.vectors import Model, Rules, Unsupported
from skills import Profile, Requirement

Medium = Literal["phone", "chat"]

AGENT_RULES: dict[str, Strategy] = {
    "longest_idle": "longest_idle",
    "pool_order_then_longest_idle": "longest_idle",
    "pool_rank_then_longest_idle": "longest_idle",
    "fewest_chats": "least_occupied",
    "most_chats_not_full": "most_occupied",
    "random": "random",
    "fixed_order": "in_order",
    "fewest_contacts": "fewest_handled",
    "least_busy_time": "least_busy",
    "shortest_idle": "shortest_idle",
}
"""A rule of theory, and the strategy that is it."""


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """Who may take what, and who goes first. `pools` names the agents of each pool, `idle_since` (ticks) since when
    they idle where that is told. `needs` is what a class asks beside being served at all, `can` what a pool masters;
    `room` is how many may wait, all classes together. Times are ticks."""

    classes: tuple[str, ...]
    pools: dict[str, tuple[str, ...]]
    serves: dict[str, tuple[str, ...]]
    rank: dict[str, dict[str, int]] = {}
    class_order: dict[str, tuple[str, ...]] = {}
    slope: dict[str, float] = {}
    base: dict[str, float] = {}
    reserve: dict[str, dict[str, int]] = {}
    after_wait: dict[str, dict[str, int]] = {}
    prefer: dict[str, int] = {}
    needs: dict[str, Requirement] = {}
    can: dict[str, Profile] = {}
    strategy: Strategy = "longest_idle"
    slots: dict[str, int] = {}
    wrap_up: bool = False
    room: int | None = None
    medium: Medium = "phone"
    idle_since: dict[str, int] = {}


def ticks(seconds: float) -> int:
    """Seconds as ticks."""
    return round(seconds * limits.TICKS_PER_S)


def of_model(model: Model) -> Policy:
    """The policy of a model. Raises Unsupported."""
    routing = model.routing
    if routing.agent == "free choice" or routing.contact == "free choice":
        raise Unsupported("a free choice is no rule")
    if any(pool.agents is None for pool in model.pools):
        raise Unsupported("a pool without a number of agents")
    ordered = routing.contact == "class_priority"
    ageing = routing.contact == "linear_ageing"
    rank = {id: {pool: at for at, pool in enumerate(order)} for id, order in routing.pool_order.items()}
    chats = any(pool.slots for pool in model.pools)
    classes = tuple(each.id for each in model.classes)
    return Policy(
        classes=classes,
        pools={pool.id: tuple(f"{pool.id}#{n:05}" for n in range(pool.agents or 0)) for pool in model.pools},
        serves={pool.id: tuple(pool.mean_handle_s) or classes for pool in model.pools},
        rank=(rank | routing.pool_rank) if routing.agent.startswith("pool_") else {},
        class_order=routing.class_order if ordered else {},
        slope=routing.slope_per_s if ageing else {},
        base=routing.base if ageing else {},
        reserve=routing.reserve,
        after_wait=in_ticks(routing.after_wait_s),
        prefer={each.id: ticks(each.preferred_window_s) for each in model.classes if each.preferred_agent},
        strategy=AGENT_RULES[routing.agent],
        slots={pool.id: pool.slots for pool in model.pools if pool.slots},
        wrap_up=bool(model.wrap_up_mean_s),
        room=model.waiting_room,
        medium="chat" if chats or any(each.preferred_agent for each in model.classes) else "phone",
    )


def of_rules(rules: Rules, begin: int) -> Policy:
    """The policy of a trace, whose instant 0 is `begin`. Raises Unsupported."""
    pools: dict[str, tuple[str, ...]] = {}
    for agent in rules.agents:
        pools[agent.pool] = (*pools.get(agent.pool, ()), agent.id)
    classes = tuple(each.id for each in rules.classes)
    serves = {pool: tuple(id for id in classes if pool in rules.pool_rank.get(id, {})) for pool in pools}
    return Policy(
        classes=classes,
        pools=pools,
        serves=serves,
        rank=rules.pool_rank,
        class_order=rules.class_order,
        slope=rules.slope,
        base=rules.base,
        reserve=rules.reserve,
        after_wait=in_ticks(rules.after_wait),
        idle_since={agent.id: begin + ticks(agent.idle_since) for agent in rules.agents},
    )


def in_ticks(waits: Mapping[str, Mapping[str, float]]) -> dict[str, dict[str, int]]:
    """Seconds by class and pool, as ticks."""
    return {id: {pool: ticks(wait) for pool, wait in by_pool.items()} for id, by_pool in waits.items()}


# -- the centre ----------------------------------------------------------------------------------------------


def house(policy: Policy, begin: int) -> State:
    """A domain with this centre, in which all agents idle at `begin`. Raises Unsupported."""
    _checked(policy)
    records: list[Queue | Agent] = [_queue(policy, id) for id in policy.classes]
    records += [
        Queue(id=own(pool), reserve={id: kept[pool] for id, kept in policy.reserve.items() if kept.get(pool)})
        for pool in policy.pools
        if _reserves(policy, pool)
    ]
    state = State(explaining=False)
    since = {agent: begin - 1 for agents in policy.pools.values() for agent in agents} | policy.idle_since
    first = min(since.values(), default=begin) - 1
    records += [_agent(policy, pool, agent) for pool, members in policy.pools.items() for agent in members]
    for record in records:
        # put as the log would: the bounds that commands hold these to are meant for a tick of a millisecond
        evolve(state, e.RecordPut(at=first, record=record))
    for agent, at in sorted(since.items(), key=lambda each: each[1]):
        _done(state, c.ConnectClient(agent=agent, client="screen", gateway="desk"), at)
        _done(state, c.SetPresence(agent=agent, state="available"), at)
    return state


def own(pool: str) -> str:
    """The queue of a pool's own, in which nothing ever waits: what it reserves is what others may not take."""
    return f"{pool}:own"


def _reserves(policy: Policy, pool: str) -> bool:
    return any(kept.get(pool) for kept in policy.reserve.values())


def _checked(policy: Policy) -> None:
    """Every class and pool that a rule names exists. Raises Unsupported."""
    named = (
        *((id, "class") for rule in (policy.rank, policy.reserve, policy.after_wait) for id in rule),
        *((id, "class") for rule in (policy.slope, policy.base) for id in rule),
        *((id, "class") for order in policy.class_order.values() for id in order),
        *(
            (pool, "pool")
            for rule in (policy.rank, policy.reserve, policy.after_wait)
            for by in rule.values()
            for pool in by
        ),
        *((pool, "pool") for pool in policy.class_order),
    )
    known = {"class": policy.classes, "pool": tuple(policy.pools)}
    for id, kind in named:
        if id not in known[kind]:
            raise Unsupported(f"a rule names the {kind} {id!r}, which does not exist")


def _queue(policy: Policy, id: str) -> Queue:
    comparator = Comparator()
    if policy.slope or policy.base:
        whole = _whole(policy)
        comparator = Comparator(
            kind="slope",
            base_ms=whole * ticks(policy.base.get(id, 0.0)),
            per_s=round(Fraction(str(policy.slope.get(id, 1.0))) * THOUSANDTHS * whole),
        )
    return Queue(
        id=id,
        target_ms={policy.medium: limits.TICKS_PER_S},
        reservation_ms=limits.TALK_TICKS_MAX,
        auto_accept=(policy.medium,),
        wrap_up_ms={policy.medium: limits.TALK_TICKS_MAX} if policy.wrap_up else {},
        requirement=policy.needs.get(id, ()),
        strategy=policy.strategy,
        comparator=comparator,
        prefer_ms=policy.prefer.get(id, 0),
        waiting_max=policy.room,
        waiting_with=tuple(other for other in policy.classes if other != id) if policy.room is not None else (),
    )


def _whole(policy: Policy) -> int:
    """By how much all claims are multiplied so that every slope is whole thousandths: their order stays."""
    slopes = [Fraction(str(slope)) * THOUSANDTHS for slope in policy.slope.values()]
    return lcm(*(slope.denominator for slope in slopes))


def _agent(policy: Policy, pool: str, id: str) -> Agent:
    order = policy.class_order.get(pool, ())
    memberships = {
        each: Membership(
            order=1 + policy.rank.get(each, {}).get(pool, 0),
            priority=len(order) - order.index(each) if each in order else 0,
            delay_ms=policy.after_wait.get(each, {}).get(pool, 0),
        )
        for each in policy.serves[pool]
        if each in policy.classes and (each not in policy.rank or pool in policy.rank[each])
    }
    if _reserves(policy, pool):
        memberships[own(pool)] = Membership()
    slots = policy.slots.get(pool, 1)
    return Agent(
        id=id,
        skills=policy.can.get(pool, ()),
        memberships=memberships,
        rooms={policy.medium: Room(maximum=slots, weight=1)},
        total=slots,
    )


def _done(state: State, command: c.Command, now: int) -> None:
    done = step(state, command, now)
    if isinstance(done.rejection, Rejection):
        raise Unsupported(f"the core refuses {type(command).__name__}: {done.rejection.code} {done.rejection.subject}")
    state.touched.clear()
