"""Every bound of the command line, with its unit in the name and its reason beside it."""

REQUEST_S_MAX = 75.0  # an answer about the past may take a minute; the rest is for slow lines
CONNECT_S_MAX = 5.0  # a server that runs takes a connection at once
REACHABLE_S_MAX = 2.0  # a server on this machine says that it lives within it, even under load
RECEIPT_S_MAX = 30.0  # how long a command on the data folder may take to be decided
RECEIPT_LOOKS_MAX = 60  # how often a command that was answered 202 is asked about: half a minute
RECEIPT_PAUSE_S = 0.5  # between two questions
EVENTS_PER_REQUEST_MAX = 100  # what the API takes at once
EVENTS_WAIT_S = 2  # how long the server may take to decide before it answers with a receipt
EVENTS_BYTES_MAX = 512 * 1024  # of one request of events: half of what the API takes
FILE_BYTES_MAX = 256 * 1024 * 1024  # of an events file: it is read whole, to be refused before the first is sent
DISK_FREE_MIN_BYTES = 1 << 30  # below a gigabyte the append-only file of a busy day may not fit
BINARY_WAIT_S = 5.0  # how long a server binary may take to say its version
REDIS_MIN = (7, 0)  # older ones lack what the commit script uses
PYTHON_MIN = (3, 11)  # pyproject.toml
PROBLEMS_SHOWN_MAX = 20  # lines of errors before the rest is only counted
GUESS_S_MAX = 3.0  # looking a host name up that may not exist, while a person waits for the next question
DESCRIPTORS_MIN = 4_096  # files and connections of one process: a thousand agents, with their tabs and customers' chats
FSYNC_TIMES = 20  # synced writes that doctor times: a fifth of a second on a slow disk
FSYNC_BYTES = 4_096  # a page: what a commit of one step writes
FSYNC_MS_MAX = 20.0  # slower, and a person feels every click; a disk that is meant for it takes 0.1 to 5
CLOCK_APART_S_MAX = 2.0  # clocks that a time server keeps right differ by milliseconds
NAMED_MAX = 5  # agents, queues and the like named in one finding before the rest is only counted
