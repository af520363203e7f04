"""Every bound of the archive, with its unit in the name and its reason beside it."""

BATCH_EVENTS_MAX = 1_000  # events of one transaction: from 100 rows on SQL costs per row, not per commit (measured)
READ_ENTRIES_MAX = 200  # entries asked of the store at once; one may hold up to 200 commands
READ_WAIT_S = 0.5  # how long to wait for the next entry before the idle work (forgetting) is done
TAIL_EVENTS = 10_000  # archived events left in the store for followers that are a little behind
TRIM_STEP_EVENTS = 1_000  # trim only when this much has gathered: a trim is a round trip
SNAPSHOT_EVENTS = 100_000  # a replay starts from a state at most this many events back: a few seconds of folding
SNAPSHOT_YIELD_RECORDS = 500  # records encoded before the loop may do something else: about 2 ms
FORGET_ITEMS_MAX = (
    50  # closed items one command lets go: short steps between pushes, and forgetting keeps pace with closing
)
LINGER_S = 1.0  # pause after a small batch: a transaction costs the same CPU for 5 rows as for 500
REST_S = 15.0  # a closed item stays in memory: longer than a node may be behind that takes new work in (STALE_S)
RETRY_FIRST_S = 0.1  # first wait after the store or SQL failed
RETRY_MAX_S = 5.0  # longest wait: a data base that is back is noticed within it
STOP_S_MAX = 10.0  # how long the archive's process may finish a transaction when its node stops
NICE = 10  # history can wait for a processor, a push cannot (man 7 sched)
LAG_EVENTS_MAX = 250_000  # behind by this, intake answers 503: about 100 MB of entries in the store
PAGE_MAX = 200  # rows of one page of a list
REPLAY_PAGE_ENTRIES = 200  # entries read at once in a replay
SQL_NAMES_MAX = 500  # values of one IN (...): every SQLite build takes 999 parameters
BUSY_TIMEOUT_MS = 10_000  # how long SQLite waits for another process (backup, report) to let go of the file
TRANSACTION_IDLE_MS = 5_000  # how long a transaction may stand still in PostgreSQL; ours never do for more than a GC
READERS_MAX = 5  # connections kept: one writer, four readers
INTEGER_MAX = 2**63 - 1  # what a BIGINT column takes; an integrator may have sent a larger number
SIEVE_BITS = 1 << 26  # 8 MiB: 7 million contacts with one needless question in a hundred, and more with more of them
SIEVE_HASHES = 7  # the best number for ten bits a key
NATURALS_PAGE = 1_000  # keys read and added at once: 6 ms of the loop (measured)
NATURALS_LOOK_S = 1.0  # between two looks whether the archive has come to where the state was loaded: seconds, usually
DIGITS_MIN = 3  # of a number that is searched: fewer are in every second one
ACCOUNTS_REREAD_S = 1.0  # how late a node may notice what another node wrote of accounts and keys; a millisecond's work
LINKS_REREAD_S = 1.0  # how late a node may notice whose an address is that another node was told
MOVE_ROWS = 200  # rows read and written at once when a data base moves: entries may have 256 KiB each
MOVE_TELL_ROWS = 2_000  # rows between two looks at the progress of a move: some twenty a second (measured)
REPORT_AGAIN = 10  # times as long as a report took, until it is made anew: at most a tenth of a processor for them
PAST_STATES_MAX = 2  # past states kept: who compares two instants goes to and fro, and each is as large as the present
PAST_WAITING_MAX = 4  # questions about the past that wait or are answered: each may take seconds
PAST_S_MAX = 60.0  # for one answer: twenty times what a fold from the newest snapshot takes (measured)
OOM_FIRST = "1000"  # the most that a process can say of itself; it is only asked again
PAST_IDLE_S = 300.0  # nobody asked for so long: the states' memory is given back
CONNECT_S_MAX = 5  # for a connection to PostgreSQL: one that runs takes it at once, a machine that is off never does
ASK_S_MAX = 10.0  # for one short question; all the links of customers at the start are the longest
SILENT_MS_MAX = 10_000  # a link on which PostgreSQL's machine confirms nothing for this long is given up (man 7 tcp)
MERGES_FOLLOWED_MAX = 20  # from a conversation to the one in which it goes on: merged one into the next
SETTLE_S = 4.0  # a server that syncs each second has synced: it may put a write off by 2 s while a sync is slow
