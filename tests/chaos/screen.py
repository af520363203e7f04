"""The picture of a round: how far it is, what was broken when, and what was acknowledged meanwhile."""

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from tests.chaos import limits
from tests.chaos.faults import ALL
from tests.chaos.round import Round

_BARS = " ▁▂▃▄▅▆▇█"


def picture(round: Round) -> RenderableType:
    """Everything at one instant."""
    faults, rates = round.faults, round.rates
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(min_width=20)
    table.add_column(justify="right", min_width=4)
    table.add_column(no_wrap=True)
    top = max([*rates, 1])
    bars = "".join(_BARS[-(-rate * (len(_BARS) - 1) // top)] for rate in rates)
    table.add_row("acknowledged", str(sum(rates)), Text(bars, style="green"))
    for kind in ALL:
        if faults.counts[kind]:
            table.add_row(kind, str(faults.counts[kind]), Text(_line(round, kind), style="red"))
    counts = ", ".join(f"{what} {count}" for what, count in sorted(round.stage.counts.items()))
    bar = Padding(ProgressBar(total=round.seconds, completed=min(faults.now, round.seconds)))  # which ends its line
    return Group(bar, table, Text(counts, style="dim"))


def _line(round: Round, kind: str) -> str:
    """When this was broken, as a line."""
    slots = [" "] * limits.SLOTS
    for span in round.faults.spans:
        if span.kind == kind:
            first = round.slot(span.begun)
            last = round.slot(round.faults.now if span.ended is None else span.ended)
            slots[first : last + 1] = ["━"] * (last + 1 - first)
    return "".join(slots)
