"""Every bound of backups, with its unit in the name and its reason beside it."""

FORMAT = 1  # of the file; a Firstline that knows only smaller numbers refuses it
CHUNK_BYTES = 1 << 20  # read, hashed and written at once: large enough for full speed, small enough to show progress
PAGES = 1_000  # of SQLite copied in one step, 4 MB: the step between two looks at the progress bar
COMPRESS_LEVEL = 3  # gzip: most of the gain of the usual 6 at a third of its time
CUT_TRIES_MAX = 20  # the private server tidies its files at most every few minutes; a cut takes milliseconds
LOCK_WAIT_S = 30.0  # for the archive to finish its transaction; it needs a tenth of that at most
FACTS_BYTES_MAX = 64 * 1024  # of the first member; ours has a few hundred
SUMS_BYTES_MAX = 1 << 30  # of the last member: 160 bytes for each blob, so millions of them
SETTLE_S_MAX = 30.0  # for the restored node to decide what was accepted and undecided; its lease needs 5 s of it
KEY_MARGIN_S = 3_600  # idempotency keys that end within it are not missed: clocks differ, and a backup takes its time
