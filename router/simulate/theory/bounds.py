"""Rows that ask for a number of agents, or for how far a rule is from the best that is possible."""

import re
from math import sqrt
from typing import Any

import msgspec

from queues import erlang
from router.simulate.theory import limits
from router.simulate.theory.judging import Figure, Judged, figure, least_error, need, twice
from router.simulate.theory.policy import Policy, of_model
from router.simulate.theory.runs import Batches, estimate, run
from router.simulate.theory.tally import Figures, Tally, figures
from router.simulate.theory.vectors import Model, Row, Unsupported, leaves

# -- how many agents -----------------------------------------------------------------------------------------


def staffing_row(row: Row, contacts: int) -> Judged:
    """The least agents by exact search, and the core run with so many. Raises Unsupported."""
    model, measure = row.modelled(), row.measured()
    need(len(model.classes) == len(model.pools) == 1, "staffing of several classes or pools")
    plain = model.handle_distribution == "exponential" == model.patience_distribution
    need(plain and model.waiting_room is None and not model.wrap_up_mean_s, "staffing beyond Erlang C and A")
    kind, (handle,) = model.classes[0], model.pools[0].mean_handle_s.values()
    load = (kind.arrivals_per_h or 0.0) / 3_600.0 * handle
    target = measure.target_s / handle
    patience = kind.mean_patience_s / handle if kind.mean_patience_s is not None else None
    least = erlang.least_agents(load, target, patience, **_goal(row))
    judged = Judged(figures=[figure(row, "least_agents", row.expected["least_agents"], least, 0.0)])
    for name, agents in (("at_least_agents", least), ("at_one_fewer", least - 1)):
        expected = dict(leaves(row.expected.get(name, {})))
        if patience is None and agents <= load:
            exact = erlang.outcome(agents, load, target, patience)._asdict()
            shared = [key for key in expected if key in exact]
            found = [figure(row, f"{name}.{key}", expected[key], exact[key], limits.EXACT) for key in shared]
        else:
            pools = (msgspec.structs.replace(model.pools[0], agents=agents),)
            found = _staffed(row, msgspec.structs.replace(model, pools=pools), name, expected, contacts // 2)
        judged.figures += found
        known = {each.metric for each in found}
        judged.unsupported += [f"metric {name}.{key}" for key in expected if f"{name}.{key}" not in known]
    return judged


def _staffed(row: Row, model: Model, name: str, expected: dict[str, float], contacts: int) -> list[Figure]:
    measure = row.measured()
    done: list[Batches] = []

    def measured(round_: int) -> list[Figure]:
        size = contacts * (limits.AGAIN if round_ else 1)
        done.append(run(model, measure, size, f"{row.id}/{name}/{round_}", replicated=True))
        found = estimate(model, done)
        total = sum(batches.contacts for batches in done)
        judged = []
        for key, value in expected.items():
            metric, path = f"{name}.{key}", f"all.{key}"
            if path in found.values:
                error = max(found.errors[path], least_error(row, metric, total))
                judged.append(figure(row, metric, value, found.values[path], limits.ERRORS_MAX * error))
        return judged

    return twice(measured)


def _goal(row: Row) -> dict[str, float | None]:
    """What is to be reached. Raises Unsupported."""
    goal = row.check.get("goal")
    if isinstance(goal, dict) and set(goal) <= {"sl_offered", "p_abandon", "p_wait"}:
        return goal
    raise Unsupported(f"staffing goal {goal!r}")


# -- how far from the best -----------------------------------------------------------------------------------


def bound_row(row: Row, contacts: int) -> Judged:
    """The waiting cost under each policy that is named, and its excess over the least possible one (the regret)."""
    model = row.modelled()
    judged = Judged()
    for name, expected in row.expected.items():
        if not name.startswith("under_"):
            continue
        try:
            policy = named_policy(model, name.removeprefix("under_"))
        except Unsupported as reason:
            judged.unsupported.append(str(reason))
            continue
        judged.figures += _cost(row, policy, name, expected, contacts)
    return judged


def named_policy(model: Model, name: str) -> Policy:
    """`fcfs_longest_idle`, or `specialist_first_then_a_over_b`. Raises Unsupported."""
    free = msgspec.structs.replace(model.routing, agent="longest_idle", contact="fcfs")
    policy = of_model(msgspec.structs.replace(model, routing=free))
    if name == "fcfs_longest_idle":
        return policy
    order = re.fullmatch(r"(specialist|generalist)_first_then_(.+)", name)
    if order is None:
        raise Unsupported(f"policy {name}")
    sign = 1 if order[1] == "specialist" else -1
    skills = sorted({sign * len(serves) for serves in policy.serves.values()})
    rank = {
        id: {pool: skills.index(sign * len(serves)) for pool, serves in policy.serves.items() if id in serves}
        for id in policy.classes
    }
    policy = msgspec.structs.replace(policy, rank=rank)
    if order[2] == "fcfs":
        return policy
    classes = tuple(order[2].split("_over_"))
    if sorted(classes) != sorted(policy.classes):
        raise Unsupported(f"policy {name}: its classes are not those of the model")
    return msgspec.structs.replace(policy, class_order=dict.fromkeys(policy.pools, classes))


def _cost(row: Row, policy: Policy, name: str, expected: float, contacts: int) -> list[Figure]:
    model = row.modelled()
    weights = row.expected.get("weights", [1] * len(model.classes))
    least = row.expected["least_possible_cost"]
    regret = _excess(row.expected.get("excess_pct"), name)
    done: list[Batches] = []

    def cost(tally: Tally, model: Model) -> Figures:
        found = figures(tally, model)
        waiting = [found.get(f"per_class.{each.id}.mean_queue", 0.0) for each in model.classes]
        return {"cost": sum(weight * number for weight, number in zip(weights, waiting, strict=True))}

    def measured(round_: int) -> list[Figure]:
        size = contacts * (limits.AGAIN if round_ else 1)
        seed = f"{row.id}/{round_}"
        done.append(run(model, row.measured(), size, seed, policy=policy, replicated=True))
        found = estimate(model, done, cost)
        value, tolerance = found.values["cost"], limits.ERRORS_MAX * found.errors["cost"]
        judged = [figure(row, name, expected, value, tolerance)]
        if regret is not None:
            path, excess = regret
            off = 100.0 * tolerance / least + REGRET_DIGITS_PCT
            judged.append(figure(row, path, excess, 100.0 * (value / least - 1.0), off))
        return judged

    return twice(measured)


REGRET_DIGITS_PCT = 0.0005
"""Regrets are told to three digits."""


def _excess(given: Any, name: str) -> tuple[str, float] | None:
    """The regret that is told of a policy: under its name, or under the end of it."""
    for key, value in (given or {}).items():
        if name.endswith(key):
            return f"excess_pct.{key}", value
    return None


def regret(row: Row, policy: Policy, contacts: int, seed: str) -> tuple[float, float]:
    """The excess over the least possible cost in percent under any policy, and its standard error."""
    model = row.modelled()
    weights = row.expected["weights"]
    done = [run(model, row.measured(), contacts, seed, policy=policy, replicated=True)]
    found = estimate(model, done)
    names = [f"per_class.{each.id}.mean_queue" for each in model.classes]
    value = sum(weight * found.values[name] for weight, name in zip(weights, names, strict=True))
    error = sqrt(sum((weight * found.errors[name]) ** 2 for weight, name in zip(weights, names, strict=True)))
    least = row.expected["least_possible_cost"]
    return 100.0 * (value / least - 1.0), 100.0 * error / least
