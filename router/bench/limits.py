"""Every bound of the bench and the demo, with its unit in the name and its reason beside it."""

# -- processes ------------------------------------------------------------------------------------------------
READY_S_MAX = 30.0  # a server that is not up by then will not come up: say what it logged instead
STOP_S_MAX = 15.0  # a graceful stop drains sockets and commits; after this the group is killed
LOG_TAIL_LINES = 20  # what of a dead server's log goes into the error
LINE_BYTES_MAX = 1 << 20  # one line of a child's standard output; results are a few hundred bytes

# -- the load generator ---------------------------------------------------------------------------------------
AGENTS = 1_000  # the figure
POST_CONNECTIONS = 64  # kept-alive connections of the poster, as in the reference measurements
CONNECTS_AT_ONCE = 50  # agents signing on at the same time: a server's accept queue is 128
CONNECT_S_MAX = 10.0  # one socket's way to its first view
TICK_S = 0.001  # how often due posts are sent; finer than the latencies that are told apart
LEAD_S = 0.1  # between the order and the first scheduled post, so that none is late from the start
DRAIN_S_MAX = 15.0  # what is still under way after a step; more has to be a lost item

# -- bench push -----------------------------------------------------------------------------------------------
RATE_FIXED = 500.0  # items/s of the latency and CPU figures
RATE_STEP = 1.15  # each step offers this much more
RATE_MAX = 20_000.0  # no step beyond: the generator itself ends below
P99_MS_MAX = 250.0  # a step whose 99th percentile reaches this is not sustained
ACHIEVED_MIN = 0.93  # share of the scheduled posts that reached an agent within the step
FIXED_S = 5.0  # one measurement at the fixed rate
STEP_SHARE = 0.5  # a step of the search takes this share of it
WARM_UP_S = 1.0  # before the first measurement: code paths, connections and branch tables are cold
SETTLE_S = 0.3  # between steps, so that garbage of one is not billed to the next
STEPS_BACK = 3  # a later repetition starts this many steps below the maximum found before
REPEAT_MIN = 3  # medians of fewer say nothing

# -- the skeleton ---------------------------------------------------------------------------------------------
BATCH_MAX = 200  # commands of one commit; beyond it nothing is gained (measured)
READ_BLOCK_MS = 1_000  # a blocked read ends by itself, so that a stop is noticed
STREAM_LENGTH_MAX = 50_000  # entries kept: the skeleton has no archive
