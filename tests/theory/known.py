"""The known results that the tests hold the core to: the file that `firstline simulate verify` is run on."""

from pathlib import Path

from router.simulate.theory.vectors import MetricRow, Row, Trace, read

FILE = Path(__file__).parent / "vectors-public.json"

VECTORS = read(FILE)
ROWS: dict[str, Row] = {row.id: row for row in VECTORS.rows}
TRACES: dict[str, Trace] = {trace.id: trace for trace in VECTORS.traces}
METRIC_ROWS: dict[str, MetricRow] = {row.id: row for row in VECTORS.metric_rows}
