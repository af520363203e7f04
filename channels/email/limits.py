"""Every bound of the e-mail channel, with its unit in the name and its reason beside it."""

MIB = 1024 * 1024

# -- what a mail may bring ------------------------------------------------------------------------------------

MAIL_BYTES_MAX = 26 * MIB  # 25 MiB, the size the large providers send, and the lines around it; above: headers only
MAIL_BYTES_HARD_MAX = 50 * MIB  # above it the mail is not taken into memory at all: 552, or the Failed folder
HEADER_BYTES_MAX = 64 * 1024  # a longer header block is cut; 280 KB of encoded words cost 5 s of CPU
HEADER_CHARS_MAX = 16 * 1024  # one header, before it is looked into
SUBJECT_CHARS_MAX = 2_048  # a subject is a line
ADDRESSES_MAX = 200  # recipients kept; 5,000 cost half a second
REFERENCES_MAX = 100  # message ids kept of a References header: the first and the last ones
MESSAGE_ID_CHARS_MAX = 500  # twice what the longest mail programs write
NESTING_MAX = 50  # multiparts and enclosed messages of one mail; 1,000 end the parser's recursion
TEXT_CHARS_MAX = 1_000_000  # text or HTML shown of one mail; the rest is in the raw mail
HTML_OPEN_MAX = 2_000  # elements open in one another: cleaning is quadratic in it, 0.1 s here, 20 s at 100,000
GUESS_BYTES_MAX = 64 * 1024  # what the charset is guessed from
NAME_CHARS_MAX = 200  # an attachment's or a person's name
FILES_MAX = 50  # attachments of one mail taken out; further ones are in the raw mail
FILE_BYTES_MAX = 25 * MIB  # one attachment
FILES_BYTES_MAX = 40 * MIB  # all attachments of one mail
CONTENT_BYTES_MAX = 64 * 1024  # a larger text goes to a blob, so that Redis holds little
BOUNCE_SCAN_BYTES_MAX = 256 * 1024  # how far a bounce is searched for the mail that it is about

# -- the parser's process -------------------------------------------------------------------------------------

PARSE_S_MAX = 10.0  # the slowest honest mail takes a second; a hostile one is given up with its process
PARSE_MEMORY_BYTES_MAX = 1024 * MIB  # address space: six copies of the largest mail and Python itself
PARSES_BEFORE_FRESH = 10_000  # then a new process: whatever a library may leak stays bounded
SPAWN_S_MAX = 30.0  # a loaded machine starts a Python within this

# -- IMAP -----------------------------------------------------------------------------------------------------

IMAP_COMMAND_S_MAX = 30.0  # a server that says nothing for this long is gone
IMAP_FETCH_S_MAX = 600.0  # 50 MiB over a slow line
IMAP_BATCH_MAX = 200  # UIDs asked about at once: the library's recursion ends near 950 answer lines
IMAP_POLL_S = 60.0  # IDLE is renewed and the mailbox searched this often: pushes get lost, NAT forgets in 5 minutes
IMAP_POLL_WITHOUT_IDLE_S = 15.0  # for servers that cannot push
IMAP_DONE_S_MAX = 5.0  # to end an IDLE; a frozen server does not answer
IMAP_TRIES_MAX = 3  # then a mail that fails goes to the Failed folder, as an item that says so
RECONNECT_S_MIN = 1.0  # a restarted server is back by then
RECONNECT_S_MAX = 5.0  # after an outage everything flows again within 10 s, however long it was: mail too
RECONNECTS_ALARM = 5  # failures in a row (about a quarter of a minute) before the operator is told

# -- SMTP -----------------------------------------------------------------------------------------------------

SMTP_LINE_BYTES_MAX = 1 * MIB  # RFC 5321 says 1,000; mail in the wild is longer and must not be refused for it
SMTP_RECIPIENTS_MAX = 100  # RFC 5321 section 4.5.3.1.8
SMTP_SESSIONS_MAX = 10  # mails coming in at once: each may hold two copies of the largest one
SMTP_IDLE_S_MAX = 300.0  # RFC 5321 section 4.5.3.2.7
SMTP_CONNECT_S_MAX = 30.0  # connecting, greeting, TLS and login, each
SMTP_COMMAND_S_MAX = 120.0  # an answer to MAIL, RCPT; slow servers check addresses elsewhere
SMTP_DATA_S_MAX = 600.0  # after the final dot, RFC 5321 section 4.5.3.2.6: shorter ones make "unknown" of "sent"
SMTP_QUIT_S_MAX = 5.0  # to say goodbye; the mail has its end by then
SENDS_MAX = 8  # mails on their way out at the same time
OUTBOX_READ_MAX = 50  # outbox entries taken at once
OUTBOX_WAIT_S = 5.0  # how long one read of the outbox waits
OUTBOX_HELD_MAX = 10_000  # entries under way or waiting for their next attempt; then no new ones are read
RETRY_S_MIN = 60.0  # after the first temporary refusal; doubled each time (greylisting asks for some minutes)
RETRY_S_MAX = 7_200.0  # between two attempts
ATTEMPTS_MAX = 54  # with those pauses four days, RFC 5321 section 4.5.4.1
STORE_RETRY_S = 1.0  # a store that is away is asked again this often
STOP_S_MAX = 20.0  # at a graceful stop a mail under way may end within this; then its end is unknown
REFERENCES_OUT_MAX = 20  # ids in a References header that we write

# -- what is kept of a mail -----------------------------------------------------------------------------------

KEEP_ADDRESSES_MAX = 50  # recipients kept in a content, which stays below CONTENT_BYTES_MAX; the raw mail has all
KEEP_REFERENCES_MAX = 30  # ids of a thread kept with a message and as its thread keys: the first and the nearest
HASH_BYTES_INLINE_MAX = 1 * MIB  # hashing this takes a millisecond; more is done in a thread
OUTCOME_S_MAX = 2.0  # how long intake waits to hear whether the core took the mail; it is durable by then anyway

# -- one attempt to send --------------------------------------------------------------------------------------

ABANDONED_S = 15.0  # an attempt of a node that lost the outbox and has not said how it ended: unknown, never resent
OUTCOME_WAIT_S = 5.0  # how long a worker waits for the core at a time; it goes on waiting
MESSAGES_LOOKED_AT = 10  # last messages of a conversation in which the customer's newest is looked for

# -- trying a mailbox out -------------------------------------------------------------------------------------

PROBE_S_MAX = 15.0  # for each step: somebody sits there and waits, and a server that works answers within a second
PROBE_SAID_CHARS_MAX = 300  # of a server's own words that are passed on to a person
