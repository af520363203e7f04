"""Files of schema `routing-vectors/1`: models of contact centres with what theory or long simulations say of them.

Read strictly: what is not known here makes its row *unsupported*, with the reason, and is never guessed; it stops no
other row.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias, TypeVar

import msgspec
from msgspec import Meta

SCHEMA = "routing-vectors/1"


class Unsupported(Exception):
    """What a row asks that cannot be expressed; its text is the reason."""


class VectorsError(Exception):
    """The file is none of this schema; its text says why."""


class Class(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A kind of contacts. `preferred_agent`: whom they wait for alone, `preferred_window_s` long."""

    id: str
    arrivals_per_h: Annotated[float, Meta(ge=0)] | None
    mean_patience_s: Annotated[float, Meta(gt=0)] | None = None
    preferred_agent: Literal["", "uniform over all agents"] = ""
    preferred_window_s: float = 0.0


class Pool(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Equal agents. Either `mean_handle_s` by class (whose keys are their skills), or chats: `slots` at once, whose
    total speed grows with their number."""

    id: str
    agents: Annotated[int, Meta(ge=0)] | None
    mean_handle_s: dict[str, Annotated[float, Meta(gt=0)]] = {}
    slots: int = 0
    mean_handle_alone_s: float = 0.0
    total_speed_by_chats: tuple[float, ...] = ()


AgentRule: TypeAlias = Literal[
    "longest_idle",
    "pool_order_then_longest_idle",
    "pool_rank_then_longest_idle",
    "fewest_chats",
    "most_chats_not_full",
    "free choice",
]
ContactRule: TypeAlias = Literal["fcfs", "class_priority", "linear_ageing", "free choice"]


class Routing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which agent for a contact, which contact for an agent."""

    agent: AgentRule
    contact: ContactRule
    pool_order: dict[str, tuple[str, ...]] = {}
    pool_rank: dict[str, dict[str, int]] = {}
    class_order: dict[str, tuple[str, ...]] = {}
    slope_per_s: dict[str, float] = {}
    base: dict[str, float] = {}
    reserve: dict[str, dict[str, int]] = {}
    after_wait_s: dict[str, dict[str, float]] = {}
    preemptive: Literal[False] = False
    score: str = ""
    comment: str = ""


class Arrivals(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Poisson arrivals at a rate that changes at each interval."""

    kind: Literal["piecewise_constant_poisson"]
    interval_s: float
    per_h: tuple[float, ...]


class Model(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A contact centre of theory."""

    classes: Annotated[tuple[Class, ...], Meta(min_length=1)]
    pools: Annotated[tuple[Pool, ...], Meta(min_length=1)]
    routing: Routing
    arrivals: Literal["poisson"] | Arrivals = "poisson"
    handle_distribution: str = "exponential"
    handle_cv2: float = 1.0
    patience_distribution: Literal["exponential", "deterministic"] = "exponential"
    wrap_up_mean_s: float = 0.0
    waiting_room: Annotated[int, Meta(ge=0)] | None = None
    start: str = ""
    window: str = ""
    note: str = ""


class Measure(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is measured against: the target of the service level, and until when abandoning is short."""

    target_s: float = 0.0
    short_abandon_s: float = 0.0


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One model and what is expected of it; what is not needed here (title, method) is passed over."""

    id: str
    model: dict[str, Any]
    expected: dict[str, Any]
    family: str = ""
    measure: dict[str, Any] = {}
    check: dict[str, Any] = {}
    half_width_95_at_1e6_contacts: dict[str, float] = {}

    def modelled(self) -> Model:
        """The model, understood whole. Raises Unsupported."""
        try:
            model = msgspec.convert(self.model, Model)
        except msgspec.ValidationError as error:
            raise Unsupported(f"model: {error}") from error
        chats = any(pool.slots for pool in model.pools)
        if not chats and model.handle_distribution not in ("exponential", "deterministic", "lognormal"):
            raise Unsupported(f"handle_distribution {model.handle_distribution!r}")
        if all(each.arrivals_per_h == 0 for each in model.classes):
            raise Unsupported("model: nobody comes")
        for pool in model.pools:
            _handles(pool, chats=chats)
        _ruled(model.routing)
        return model

    def measured(self) -> Measure:
        """The targets. Raises Unsupported."""
        try:
            measure = msgspec.convert(self.measure, Measure)
        except msgspec.ValidationError as error:
            raise Unsupported(f"measure: {error}") from error
        for name, _ in leaves(self.expected):
            if name.rpartition(".")[2].startswith("sl_") and "target_s" not in self.measure:
                raise Unsupported(f"measure: {name} without target_s")
        return measure


def _handles(pool: Pool, *, chats: bool) -> None:
    """What an agent of the pool does with a contact is said. Raises Unsupported."""
    if not chats and not pool.mean_handle_s:
        raise Unsupported(f"model: nothing says how long the pool {pool.id!r} takes")
    if chats and not (pool.mean_handle_alone_s > 0 and 0 < pool.slots <= len(pool.total_speed_by_chats)):
        raise Unsupported(f"model: nothing says how fast the pool {pool.id!r} is with each number of its chats")


def _ruled(routing: Routing) -> None:
    """A rule comes with what it goes by. Raises Unsupported."""
    needs = {
        "pool_order_then_longest_idle": (routing.pool_order, "pool_order"),
        "pool_rank_then_longest_idle": (routing.pool_rank, "pool_rank"),
        "class_priority": (routing.class_order, "class_order"),
        "linear_ageing": (routing.slope_per_s or routing.base, "slope_per_s"),
    }
    for rule in (routing.agent, routing.contact):
        by, name = needs.get(rule, (True, ""))
        if not by:
            raise Unsupported(f"model: {rule} without {name}")


def leaves(expected: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, float]]:
    """Every number that is expected, by its dotted path. Texts are remarks."""
    for name, value in expected.items():
        if isinstance(value, Mapping):
            yield from leaves(value, f"{path}{name}.")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield f"{path}{name}", float(value)


class TraceAgent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One agent of a trace."""

    id: str
    pool: str
    idle_since: float


class TraceClass(msgspec.Struct, frozen=True, kw_only=True):
    """One class of a trace; what its contacts were drawn from is passed over."""

    id: str


class Rules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the contacts of a trace are routed."""

    classes: tuple[TraceClass, ...]
    agents: tuple[TraceAgent, ...]
    pool_rank: dict[str, dict[str, int]]
    class_order: dict[str, tuple[str, ...]] = {}
    base: dict[str, float] = {}
    slope: dict[str, float] = {}
    after_wait: dict[str, dict[str, float]] = {}
    reserve: dict[str, dict[str, int]] = {}


class TraceContact(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One contact of a trace: when it comes, how long its handling takes, how long it would wait."""

    id: int | str
    t: float
    cls: str
    handle: float
    patience: float | None = None


class TraceOutcome(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What became of a contact: the agent and when they began, or when it hung up."""

    id: int | str
    agent: str | None = None
    start: float | None = None
    abandoned: float | None = None


class Trace(msgspec.Struct, frozen=True, kw_only=True):
    """Contacts one by one, and who must get each of them when."""

    id: str
    rules: dict[str, Any]
    contacts: tuple[TraceContact, ...]
    expected: tuple[TraceOutcome, ...]
    metrics: dict[str, Any] = {}

    def ruled(self) -> Rules:
        """The rules, understood whole. Raises Unsupported."""
        try:
            return msgspec.convert(self.rules, Rules)
        except msgspec.ValidationError as error:
            raise Unsupported(f"rules: {error}") from error


class MetricRow(msgspec.Struct, frozen=True, kw_only=True):
    """Counts or times, and the metrics made of them."""

    id: str
    expected: dict[str, Any]
    counts: dict[str, Any] = {}
    inputs: dict[str, Any] = {}


class Unread(msgspec.Struct, frozen=True, kw_only=True):
    """What a file asks in a shape that is not known, and why it cannot be read."""

    id: str
    reason: str


Asked: TypeAlias = Row | Trace | MetricRow | Unread
"""One thing that a file asks."""


class Vectors(msgspec.Struct, frozen=True, kw_only=True):
    """A whole file."""

    rows: tuple[Row, ...] = ()
    traces: tuple[Trace, ...] = ()
    metric_rows: tuple[MetricRow, ...] = ()
    unread: tuple[Unread, ...] = ()

    def every(self) -> list[Asked]:
        """Everything that the file asks, in its order."""
        return [*self.rows, *self.traces, *self.metric_rows, *self.unread]


def read(path: Path) -> Vectors:
    """The file; what of it has another shape is `unread`. Raises VectorsError."""
    try:
        found = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise VectorsError(f"{path}: {error.strerror}") from error
    except ValueError as error:  # not JSON, or no text
        raise VectorsError(f"{path} is no file of schema {SCHEMA}: {error}") from error
    schema = found.get("schema") if isinstance(found, dict) else None
    if schema != SCHEMA:
        raise VectorsError(
            f"{path} is no file of schema {SCHEMA}: " + (f"its schema is {schema!r}" if schema else "it names none")
        )
    unread: list[Unread] = []
    return Vectors(
        rows=tuple(_each(found, "rows", Row, unread)),
        traces=tuple(_each(found, "traces", Trace, unread)),
        metric_rows=tuple(_each(found, "metric_rows", MetricRow, unread)),
        unread=tuple(unread + _unknown(found)),
    )


Part = TypeVar("Part", Row, Trace, MetricRow)


def _each(found: dict[str, Any], name: str, kind: type[Part], unread: list[Unread]) -> Iterator[Part]:
    """The entries of one list that have their shape; the others are added to `unread`. What is null is left out."""
    for at, entry in enumerate(_listed(found, name)):
        try:
            given = (
                {key: value for key, value in entry.items() if value is not None} if isinstance(entry, dict) else entry
            )
            yield msgspec.convert(given, kind)
        except msgspec.ValidationError as error:
            unread.append(Unread(id=_named(entry, name, at), reason=str(error)))


def _listed(found: dict[str, Any], name: str) -> list[Any]:
    entries = found.get(name) or []
    return entries if isinstance(entries, list) else [entries]


def _named(entry: Any, name: str, at: int) -> str:
    id = entry.get("id") if isinstance(entry, dict) else None
    return id if isinstance(id, str) else f"{name}[{at}]"


KNOWN = ("schema", "units", "split", "described_in", "rows", "traces", "metric_rows")


def _unknown(found: dict[str, Any]) -> list[Unread]:
    """The entries of lists that this schema does not have."""
    return [
        Unread(id=_named(entry, name, at), reason=f"nothing is known of {name}")
        for name in found
        if name not in KNOWN and isinstance(found[name], list)
        for at, entry in enumerate(found[name])
    ]
