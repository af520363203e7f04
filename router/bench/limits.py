"""Every bound of the bench and the demo, with its unit in the name and its reason beside it."""

# -- processes ------------------------------------------------------------------------------------------------
READY_S_MAX = 30.0  # a server that is not up by then will not come up: say what it logged instead
READY_PAUSE_S = 0.05  # between two looks at a server that starts
STOP_S_MAX = 15.0  # a graceful stop drains sockets and commits; after this the group is killed
LOG_TAIL_LINES = 20  # what of a dead server's log goes into the error
LINE_BYTES_MAX = 1 << 20  # one line of a child's standard output; results are a few hundred bytes

# -- the load generator ---------------------------------------------------------------------------------------
AGENTS = 1_000  # the figure
POST_CONNECTIONS = 64  # kept-alive connections of the poster, as in the reference measurements
CONNECTS_AT_ONCE = 50  # agents signing on at the same time: a server's accept queue is 128
CONNECT_S_MAX = 20.0  # one socket's way to its first view: what a page waits too
TICK_S = 0.001  # how often due posts are sent; finer than the latencies that are told apart
LEAD_S = 0.1  # between the order and the first scheduled post, so that none is late from the start
DRAIN_S_MAX = 30.0  # what is still under way after a step, on a busy machine too; then it counts as lost

# -- bench push -----------------------------------------------------------------------------------------------
RATE_FIXED = 500.0  # items/s of the latency and CPU figures
RATE_STEP = 1.15  # each step offers this much more
STEPS_BELOW_MAX = 15  # a machine that does not sustain the fixed rate is searched down to an eighth of it
RATE_MAX = 20_000.0  # no step beyond: the generator itself ends below
P99_MS_MAX = 250.0  # a step whose 99th percentile reaches this is not sustained
ACHIEVED_MIN = 0.93  # share of the scheduled posts that reached an agent within the step
FIXED_S = 5.0  # one measurement at the fixed rate
STEP_SHARE = 0.5  # a step of the search takes this share of it
WARM_UP_S = 1.0  # before the first measurement: code paths, connections and branch tables are cold
SETTLE_S = 0.3  # between steps, so that garbage of one is not billed to the next
STEPS_BACK = 3  # a later repetition starts this many steps below the maximum found before
REPEAT_MIN = 3  # medians of fewer say nothing

# -- bench storm ----------------------------------------------------------------------------------------------
STORM_CLIENTS = 5_000  # the figure
STORM_S_MAX = 120.0  # who is not back by then does not come back
STORM_ROUNDS = 2  # memory that grows shows in the second
STORM_STAYING = 100  # agents whose connections are not cut, and who go on working
STORM_RATE = 50.0  # items a second for those: a busy day of five hundred agents
STORM_STEP_S = 2.0  # one measurement of their pushes; the worst one counts
COME_BACK_S = 2.0  # a page's first pause, doubled each time: as in web/src/shared/line.ts
COME_BACK_S_MAX = 10.0  # longest such pause
COME_BACK_JITTER = 0.8  # share of a pause that chance adds or takes away

# -- bench routing --------------------------------------------------------------------------------------------
ROUTING_SEED = 5  # every run has the same centre and the same customers
ROUTING_SECONDS = 5.0  # of lifecycles that are measured in each row
ROUTING_ROUNDS = 5  # they are measured in so many parts; the median is told, so that one hiccup does not count
ROUTING_WARM_UP = 500  # lifecycles before the first part
ROUTING_AT_ONCE = 50  # lifecycles between two looks at the clock: a millisecond or two
ROUTING_MATCHES_MAX = 5_000  # decisions timed one by one: enough for a 99th percentile
ROUTING_NAIVE = 15  # decisions of the plain scan, which takes up to a second for each
ROUTING_NAIVE_S_MAX = 10.0  # no new one is begun after so long
ROUTING_PROFILE_SKILLS = 10  # skills of one kind of agents
ROUTING_ABLE_MIN = 3  # kinds of agents who can take one kind of items
ROUTING_LEVEL_MAX = 3  # the highest level that is asked: most who have a skill have it well enough
ROUTING_CHANGES = 1_000  # records of one command
ROUTING_WRAP_UP_TICKS = 5_000  # granted after each call; the agents of the bench need none of it

# -- the skeleton ---------------------------------------------------------------------------------------------
BATCH_MAX = 200  # commands of one commit; beyond it nothing is gained (measured)
READ_BLOCK_MS = 1_000  # a blocked read ends by itself, so that a stop is noticed
STREAM_LENGTH_MAX = 50_000  # entries kept: the skeleton has no archive

# -- the demo: one play ---------------------------------------------------------------------------------------
TOLD_LINES = 8  # last events shown in the live table
CALLS_PER_S = 2.5  # new calls: about as many as two dozen agents can take at the play's pace
MAILS_PER_S = 1.6  # new mails
CHATS_PER_S = 0.9  # new chats; each has several messages
SETTLE_S_MAX = 5.0  # after the last arrival, what is under way gets this long to end
DRAIN_ARCHIVE_S_MAX = 30.0  # the archiver is a second behind at most; longer means that it stands still
LOOK_S = 0.1  # between two looks at how far something is
SHOW_S = 0.5  # between two pictures of the live table
REFUSED_CHARS_MAX = 500  # of a server's refusal, in an error message

# -- the demo: how people are (a day of a contact centre goes by in half a minute) -----------------------------
ACT_S_MAX = 10.0  # an agent's action is acknowledged within; the server itself waits 2 s for the outcome
PATIENCE_S = (2.5, 9.0)  # a caller's, until a first agent answers
IMPATIENCE_S = (0.1, 0.5)  # that of one who hangs up while an agent's phone is being rung
PATIENCE_ESCALATED_S = (6.0, 15.0)  # and until a specialist does, having been told that one will
RING_S = (0.2, 0.7)  # an agent's phone, until it is picked up
TALK_S = (0.6, 1.6)  # a call, once connected
THINK_S = (0.2, 0.6)  # before a button is clicked
WRITE_S = (0.5, 1.4)  # an agent writing an answer
TYPE_S = (0.2, 0.5)  # a chat message
ANSWER_S_MAX = 15.0  # how long a customer waits for an answer before they give the play up
CHAT_TRIES_MAX = 5  # times a page sends a message whose acknowledgement did not come
BREAK_S = (0.8, 1.6)  # an agent who missed something comes back after
SHARES = {
    "decline": 0.03,  # of reservations that an agent refuses
    "ignore": 0.02,  # that an agent does not see: they expire
    "impatient": 0.06,  # of callers
    "unreachable": 0.03,  # of calls whose agent's phone is engaged
    "phone": 0.5,  # of calls that are taken by picking the phone up, not on the screen
    "escalate": 0.15,  # of items that first line does not solve
    "pending": 0.12,  # of mails after whose answer the agent waits for the customer
    "answer": 0.35,  # of customers who answer our mail
    "reload": 0.4,  # of chats in the middle of which the browser is reloaded
    "leave": 0.08,  # of chats that the customer leaves before anybody came
}

# -- bench durability -----------------------------------------------------------------------------------------
FSYNC_S = 4.0  # one measurement with fsync before each answer, or with one each second
FSYNC_ROUNDS = 3  # of both; the ratio is the median of the pairs
KILLS = 5  # of the active writer; the median and the longest are told
OPEN_ITEMS = 100_000  # the figure
BUSY_AGENTS = 10_000  # the figure
WATCHING_AGENTS = 40  # they take the calls of the failover; a call keeps one for a moment only
WATCHED_RATE = 50.0  # calls a second, before and after a kill
BEFORE_KILL_S = 2.0  # of them, so that the writer is at work when it dies
BACK_S_MAX = 60.0  # a node that does not route by then has failed
QUIET_S_MAX = 10.0  # for the calls that are still open when a measurement ends
FILL_AT_ONCE = 1_000  # commands under way while the store is filled: five commits of them
FILL_S_MAX = 900.0  # filling it; a busy machine takes some 2 ms for each item

# -- bench simulate -------------------------------------------------------------------------------------------
SIMULATED_AGENTS = 100  # the figure
SIMULATED_LOAD = 0.95  # of these agents, the figure
SIMULATED_CONTACTS = 60_000  # of each simulator in each round: seconds each
SIMULATED_ROUNDS = 3  # of all three in turn; medians are told
GROWTH_FROM_SHARE = 0.3  # of a run: memory has its usual size by then, and grows no more but by what is kept
