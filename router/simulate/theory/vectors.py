"""Files of schema `routing-vectors/1`: models of contact centres with what theory or long simulations say of them.

Read strictly: a rule that is not known here makes its row *unsupported*, with the reason, and is never guessed.
"""

import json
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

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
    family: str
    model: dict[str, Any]
    measure: dict[str, Any]
    expected: dict[str, Any]
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
        return model

    def measured(self) -> Measure:
        """The targets. Raises Unsupported."""
        try:
            return msgspec.convert(self.measure, Measure)
        except msgspec.ValidationError as error:
            raise Unsupported(f"measure: {error}") from error


class TraceAgent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One agent of a trace."""

    id: str
    pool: str
    idle_since: float


class Rules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the contacts of a trace are routed."""

    classes: tuple[dict[str, Any], ...]
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


class Trace(msgspec.Struct, frozen=True, kw_only=True):
    """Contacts one by one, and who must get each of them when."""

    id: str
    rules: dict[str, Any]
    contacts: tuple[TraceContact, ...]
    expected: tuple[dict[str, Any], ...]
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


Asked: TypeAlias = Row | Trace | MetricRow
"""One thing that a file asks."""


class Vectors(msgspec.Struct, frozen=True, kw_only=True):
    """A whole file."""

    schema: Literal["routing-vectors/1"]
    rows: tuple[Row, ...] = ()
    traces: tuple[Trace, ...] = ()
    metric_rows: tuple[MetricRow, ...] = ()

    def every(self) -> list[Asked]:
        """Everything that the file asks, in its order."""
        return [*self.rows, *self.traces, *self.metric_rows]


def read(path: Path) -> Vectors:
    """The file. Raises VectorsError."""
    try:
        return msgspec.convert(json.loads(path.read_text("utf-8")), Vectors)
    except OSError as error:
        raise VectorsError(f"{path}: {error.strerror}") from error
    except ValueError as error:  # not JSON, or not of this shape
        raise VectorsError(f"{path} is no file of schema routing-vectors/1: {error}") from error
