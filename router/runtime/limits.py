"""Every bound of the engine, with its unit in the name and its reason beside it."""

# -- the log ------------------------------------------------------------------------------------------------

COMMIT_COMMANDS_MAX = 200  # commands of one commit; beyond it group commit gains nothing and latency grows (measured)
COMMIT_SOFT_BYTES = 262_144  # bytes of commands after which a commit is closed; one larger command commits alone
COMMIT_BYTES_MAX = 8_388_608  # bytes of one entry; Redis would hold the loop for longer than a lease renewal may wait
COMMIT_EVENTS_SOFT = 2_000  # events after which a commit is closed: a batch that matches a lot must not grow unseen
COMMAND_BYTES_MAX = 4_194_304  # bytes of one command: its events and records must fit one commit
COMMANDS_WAITING_MAX = 100_000  # undecided commands of a domain; beyond it intake is refused, draining goes on
FIELDS_PER_CALL = 1_000  # hash fields written by one HSET in a script: the Lua stack ends at about 8,000 values
KEY_TTL_S = 86_400  # how long an idempotency key and its outcome are kept; then natural keys decide
CRASH_TTL_S = 86_400  # how long it is remembered that a command made a writer die
CRASHES_MAX = 2  # writers a command may kill before it is set aside
STALE_S = 10.0  # a node that has not heard of the log for longer takes nothing new in: what it looks up may be gone
ENTRIES_READ_MAX = 200  # entries a follower takes at once; a big reply holds its loop

# -- submitting ---------------------------------------------------------------------------------------------

SUBMIT_QUEUE_MAX = 10_000  # commands of this process waiting to be made durable; about 5 s of the highest rate
SUBMIT_QUEUE_BYTES_MAX = 67_108_864  # bytes of those: a store that is away for a moment must not cost gigabytes
SUBMIT_BATCH_MAX = 200  # commands of one submit call: as many as one commit decides
SUBMIT_BATCH_BYTES = 1_048_576  # bytes of one submit call; contents ride along
SUBMIT_GATHER_S = (
    0.002  # a busy call waits this long for more: a tenth less CPU and half the wait at 1,500 commands/s (measured)
)
SUBMIT_TRIES = 3  # a lost reply is asked again under the same key, which the store recognises
SUBMIT_RETRY_S = 0.05  # pause before the second try; doubled for the third

# -- the short way of a private server ----------------------------------------------------------------------

PASSAGE_MAX = 2_000  # commands or entries on their way within this process; what falls off is read from the server
PASSAGE_LOOK_S = 0.25  # how often the server is looked into for what came another way: the archive is in no hurry

# -- waiting ------------------------------------------------------------------------------------------------

READ_WAIT_S_MAX = 5.0  # longest blocking read: a connection that froze is noticed soon after
READ_MARGIN_S = 2.0  # time-out beyond the block, else we give up before the server answers
CALL_TIMEOUT_S = 5.0  # time-out of calls that do not block
CONNECT_TIMEOUT_S = 5.0  # as a call: a refused connection fails at once anyway, a busy server needs a moment
WRITE_CONNECTIONS_MAX = 32  # connections for calls that do not block; more callers wait their turn
READ_CONNECTIONS_MAX = 64  # connections for blocking reads: one each for log, commands and every outbox
POOL_WAIT_S = 5.0  # waiting for one of these connections
REPLICAS_WAIT_MS = 1_000  # for the replicas to confirm a write; a slower one is as good as gone
HEALTH_CHECK_S = 15  # an idle connection is tried before it carries a write

# -- lease and liveness -------------------------------------------------------------------------------------

LEASE_MS = 3_000  # a dead writer's lease is free after this: with the load of the state, work goes on within 5 s
LEASE_RENEW_S = 1.0  # two tries fit into one lease
LEASE_RETRY_S = 0.25  # how often a standby asks for the lease
DUTY_MS = 3_000  # a dead node's other duties are free after this
NAME_WAIT_S = 6.0  # twice that: a name that somebody still keeps then is not a dead one's
DUTY_LOOK_S = 0.5  # how often a node keeps its duties, says that it is there, and looks for free ones
UNDECIDED_S = 15.0  # without a writer for this long: not a takeover under way, there is none
PLACE_LOOK_S = 1.0  # how often it is asked where the master is: a deposed one may go on to answer
SENTINEL_PORT = 26_379  # of a Sentinel that is named without one (its own default)
REDIS_PORT = 6_379  # of a cluster's node that is named without one (its own default)
PLACE_ANSWER_S = 1.0  # a Sentinel or cluster node that is slower than this is passed over
BACK_OFF_S = 0.1  # first pause after the store failed; doubled each time
BACK_OFF_S_MAX = 2.0  # longest such pause
PULSE_PAUSE_S = 0.05  # pause after a pulse that changed nothing though something was due: never a busy loop
GATEWAY_TTL_MS = 6_000  # a gateway that has not said so for this long is silent
GATEWAY_BEAT_S = 2.0  # how often it says so, and how often the writer looks
GATEWAY_GRACE_MS = 10_000  # silence after its TTL, and time after a takeover, before a gateway's clients are lost

# -- time ---------------------------------------------------------------------------------------------------

CLOCK_JUMP_MS = 5_000  # a wall clock that moved further than this against the monotonic one is worth an alarm

OPENINGS_DAYS = 35  # ahead that nodes say when hours are open: longer than any outage that a centre survives
OPENINGS_AGAIN_MS = 28 * 86_400_000  # ahead that must be known: once a week it is said anew
OPENINGS_LOOK_S = 1.0  # between looks whether somebody edited hours: they count as quickly as they are saved
CALENDARS_MAX = 32  # countries whose public holidays are kept; a centre has queues in one or two

# -- waiting for outcomes -----------------------------------------------------------------------------------

OUTCOMES_RECENT_MAX = 10_000  # outcomes remembered by the follower for waiters that come a moment later
OUTCOME_POLL_S = 0.02  # first look into the store for an outcome that no entry carries; doubled each time
OUTCOME_POLL_S_MAX = 0.5  # longest pause between two looks
PEERS_UNSAID_MAX = 1_000  # what this node has to tell the others and could not yet; the oldest is dropped
PEERS_BYTES_MAX = 1_024  # of one message between nodes: a few ids
STREAM_SEQ_MAX = 2**64 - 1  # the second part of a Redis stream id is an unsigned 64-bit number
CARRY_KEYS = 500  # keys read or written in one round trip when a domain is carried: 32 MB if all are large contents
START_WAIT_S = 30.0  # loading the state at start; a million records take a few seconds
LARGE_STATE_RECORDS = 10_000  # from here on the garbage collector is kept out: smaller ones it is done with in a moment
TWIN_WAIT_S = 0.5  # a new writer waits so long for its own follower: to load a big state anew takes no less

# -- the board ----------------------------------------------------------------------------------------------

BOARD_SLICE_S = 0.002  # rows are made for so long between two turns of the loop: a push hardly waits for it
WAITS_PREDICTED_PER_S = 20  # waits whose estimate is compared with what follows: 3 ms of the loop in each second
WAITS_PREDICTED_MAX = 20_000  # estimates remembered until their wait is over; 5 MB
WAITS_MEASURED_KEPT = 500  # of a queue and channel: the latest day or hour, as busy as it is
WAITS_COMPARED_MIN = 100  # before the method is changed that estimates a queue: half of it is not chance
BOARD_ITEMS_MAX = 50  # waiting items shown of one queue: more than a screen, and who needs more asks for the list

# -- outboxes -----------------------------------------------------------------------------------------------

OUTBOX_IDLE_MS = 60_000  # an entry handed to a consumer that did not finish it in this time goes to another
OUTBOX_CLAIM_S = 60.0  # how often a consumer looks for such entries

# -- the embedded server ------------------------------------------------------------------------------------

SOCKET_PATH_BYTES_MAX = 107  # sun_path of a unix socket, less its closing zero byte
SERVER_READY_S = 60.0  # a large append-only file takes seconds to load (3 s for 350 MB, measured)
SERVER_PING_S = 0.01  # pause between two readiness probes; doubled up to the next line
SERVER_PING_S_MAX = 0.2
SERVER_STOP_S = 10.0  # after SIGTERM; then SIGKILL, which loses nothing either: every answer was fsynced
SERVER_RESTARTS_MAX = 5  # restarts in a row before the node gives up; those for want of disk space do not count
SERVER_STEADY_S = 60.0  # a server that ran this long failed anew, not again
SERVER_RESTART_S = 0.1  # pause before the first restart; doubled each time
SERVER_RESTART_S_MAX = 5.0  # longest such pause: a disk that has room again is noticed within it
SERVER_MEMORY_PARTS = 2  # it gets one of so many: the node and the archive hold the same items unpacked (see room)
LOCK_WAIT_S = 3.0  # a dying node's server holds the folder for a moment longer
LOCK_RETRY_S = 0.05  # how often the lock is tried meanwhile
LOG_TAIL_BYTES = 4_096  # end of the server's log that is searched for the reason of a failure
SAID_MAX = 300  # characters of what a program said that are told on: its last sentence or two
CHECK_WAIT_S = 600.0  # for the server's own look at an append-only file: a large one on a slow disk takes minutes
SERVER_VERSION_MIN = (7, 0)  # oldest Redis whose scripts declare what they may do when memory is full

# -- room ---------------------------------------------------------------------------------------------------

DISK_RESERVE_BYTES = 268_435_456  # kept for work in the house: a kilobyte or two for each step that is left
DISK_RESERVE_PARTS = 20  # of a small disk, one of so many is the reserve
SERVER_RESERVE_PARTS = 4  # with less than one of so many of the reserve free, the private server is not started again
DISK_LOOK_S = 1.0  # at 100 MB a second, half the reserve is still free when it is noticed
STORE_LOOK_S = 1.0  # how often the store is asked how full it is: the highest rate takes minutes for a tenth of it
STORE_MEMORY_ALARM = 0.7  # of maxmemory: time to look why
STORE_MEMORY_FULL = 0.9  # of maxmemory: new work is refused, so that what is in the house can be finished
MIB_BITS = 20  # bytes to MiB, for people
