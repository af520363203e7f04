"""The live table of the demo: what waits, who works, what happened last. Pictures only, no decisions."""

from collections import Counter
from collections.abc import Sequence
from time import time
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from router.bench.checker import CHANNELS, Report
from router.bench.players.agents import Agent
from router.bench.players.stage import Stage

DONE = {
    "in": "came in",
    "taken": "taken",
    "reply": "replies",
    "escalate": "escalated",
    "declined": "declined",
    "ignored": "missed",
    "hung up": "hung up",
    "complete": "closed",
}
"""What the players count, and what it is called in the table."""

HEAD_LINES = 2
"""A table's titles and the rule under them."""

CURSOR_LINES = 1
"""Where the cursor stays, below the picture."""


def picture(
    stage: Stage, queues: Sequence[dict[str, Any]], agents: Sequence[Agent], *, done: float | None, lines: int
) -> RenderableType:
    """Everything at one instant, in so many lines: what happened last takes what the tables leave.

    `done` is the share of the play that is over, None when it has no end.
    """
    parts: list[RenderableType] = [_queues(queues, agents), "", _channels(stage), ""]
    if done is not None:
        parts.append(ProgressBar(total=1.0, completed=done))
    left = lines - len(queues) - len(CHANNELS) - 2 * HEAD_LINES - (len(parts) - 2) - CURSOR_LINES
    return Group(*parts, _told(list(stage.told)[-left:] if left > 0 else []))


def _queues(queues: Sequence[dict[str, Any]], agents: Sequence[Agent]) -> Table:
    held = Counter(view["queue"] for agent in agents for view in agent.held)
    table = _table("queue", "waiting", "longest wait", "with agents")
    for queue in queues:
        oldest = queue["oldest_entered_at_ms"]
        waited = f"{max(0.0, time() - oldest / 1_000):.1f} s" if oldest else ""
        table.add_row(queue["id"], str(queue["waiting"]), waited, str(held[queue["id"]]))
    return table


def _channels(stage: Stage) -> Table:
    table = _table("channel", *DONE.values())
    for channel in CHANNELS:
        table.add_row(channel, *(str(stage.counts[channel, what]) for what in DONE))
    return table


def _told(what: Sequence[str]) -> Text:
    return Text("\n".join(what), style="dim", no_wrap=True, overflow="ellipsis")


def _table(first: str, *others: str) -> Table:
    """As narrow as its words: both tables fit into 80 columns."""
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, collapse_padding=True)
    table.add_column(first)
    for title in others:
        table.add_column(title, justify="right")
    return table


def summary(report: Report) -> str:
    """The checker's report for a person."""
    received = ", ".join(f"{count} by {channel}" for channel, count in report.received.items())
    return (
        f"Received {sum(report.received.values())} items: {received}.\n"
        f"{report.assigned} were accepted, {report.escalated} escalated, {report.closed} closed, "
        f"{report.abandoned} abandoned; {report.open} are open.\n"
        f"Lost: {report.lost}. With two agents at once: {report.double_assigned}.\n"
        f"From event to agent: half within {report.push_ms_p50} ms, 99 % within {report.push_ms_p99} ms."
    )
