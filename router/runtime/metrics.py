"""What the engine counts, for `/metrics`. Numbers only: nothing here steers anything."""

from prometheus_client import Counter, Gauge, Histogram

BATCHES = (1, 2, 5, 10, 20, 50, 100, 200)
SECONDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5)

COMMANDS = Counter("firstline_commands_total", "Commands decided by this writer", ["result"])
COMMITS = Histogram("firstline_commit_seconds", "From the first step of a batch to its commit", buckets=SECONDS)
BATCH = Histogram("firstline_commit_commands", "Commands of one commit", buckets=BATCHES)
SUBMITS = Histogram("firstline_submit_seconds", "One coalesced submit call", buckets=SECONDS)
SUBMIT_QUEUE = Gauge("firstline_submit_queue", "Commands of this node waiting to be made durable")
POSITION = Gauge("firstline_position", "Event position this node has applied")
CLOCK_JUMPS = Counter("firstline_clock_jumps_total", "Jumps of the wall clock beyond 5 s")
LEASES_LOST = Counter("firstline_leases_lost_total", "Times this node stopped being the writer against its will")
RESETS = Counter("firstline_follower_resets_total", "Times this node dropped its state and loaded it anew")
SERVER_EXITS = Counter("firstline_embedded_server_exits_total", "Times the private server ended unasked")
STORE_MOVES = Counter("firstline_store_moves_total", "Times the store was found to be another server than before")
STORE_UP = Gauge("firstline_store_up", "Whether the store answered when it was asked last (1) or not (0)")
STORE_OUTAGES = Counter("firstline_store_outages_total", "Times the store began not to answer")
STORE_MEMORY = Gauge("firstline_store_memory_ratio", "Memory the store uses, of its maxmemory; 0 when it has none")
DISK_FREE = Gauge("firstline_disk_free_bytes", "Free space where the node writes, on the disk that is closest to full")
HISTORY_UP = Gauge("firstline_history_up", "Whether the data base answered when it was asked last (1) or not (0)")
HISTORY_BEHIND = Gauge("firstline_history_behind_events", "Events that are in the log and not in history yet")
REFUSING = Gauge("firstline_intake_refusing", "Whether new work is refused (1), by reason", ["reason"])


def refusing(reason: str, refuses: bool) -> None:
    """Show whether new work is refused for this reason."""
    REFUSING.labels(reason).set(refuses)


WAITS_MEASURED = Counter(
    "firstline_wait_estimates_total", "Estimates compared with the wait that followed", ["queue", "channel"]
)
WAIT_BIAS = Gauge(
    "firstline_wait_estimate_bias_seconds", "Mean of estimate - wait of the latest, by this node", ["queue", "channel"]
)
WAIT_ERROR = Gauge(
    "firstline_wait_estimate_error_ratio",
    "Root mean square error of the latest estimates / mean wait",
    ["queue", "channel"],
)
WAIT_WITHIN = Gauge(
    "firstline_wait_estimate_within_ratio",
    "Share of the latest waits that ended within their range",
    ["queue", "channel"],
)
NODES = Gauge("firstline_nodes", "Nodes of the domain that this one hears of")
WRITER = Gauge("firstline_writer", "1 while this node decides")
DUTIES = Gauge("firstline_duties", "Mailboxes, outboxes and archives that this node works on")
