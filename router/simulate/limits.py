"""How rough a world is: shares of calls, and virtual seconds, each with its reason. What a seed draws is in `cast`."""

# -- what goes wrong at the border of a process (shares of calls) ---------------------------------------------

REFUSED_SHARE = 0.01  # the connection broke before the request left
LOST_SHARE = 0.012  # done, and the reply never came
LATE_SHARE = 0.004  # on its way for so long that its sender gave up; then it is done after all
SHORT_SHARE = 0.1  # of reads of several entries: only the first few come, as if the network had torn the answer
TRAVEL_S_MAX = 0.02  # one way, as a rule
LATE_S_MAX = 8.0  # longer than a lease: what a paused network brings then belongs to another time
GIVE_UP_S_MAX = 2.0  # after which the sender of something late hears an error

# -- what goes wrong between people and nodes (shares of requests) --------------------------------------------

REQUEST_LOST_SHARE = 0.02
REPLY_LOST_SHARE = 0.02
REQUEST_TWICE_SHARE = 0.03  # a proxy that repeats what it got no answer to: carried out twice, at the same time
AGAIN_SHARE = 0.1  # of answered requests: asked once more later, under the same key
PATIENCE_S = 4.0  # how long a client waits for an answer
RETRY_S = 0.3  # how soon it asks again
OUTCOME_S = 2.0  # how long a node waits for the outcome before it answers with a receipt alone

# -- what happens to whole processes and servers ---------------------------------------------------------------

MISCHIEF_S = (1.0, 7.0)  # between two pieces of mischief
LIFE_S_MAX = 25.0  # the longest that a node lives between two ends
GRACEFUL_SHARE = 0.25  # of ends: told to stop, as in a rolling restart; the others are killed
START_PAUSE_S = 0.5  # before a node is started again
STOP_S_MAX = 10.0  # a node told to stop has this long
PAUSE_S = (0.5, 9.0)  # a process stands still: from nothing to nearly two leases
AWAY_S = (0.5, 8.0)  # a server is away
CLOCK_JUMP_MS = 10_000  # a wall clock moves by at most this
SKEW_MS = 2_000  # a node's wall clock is this far off at most

QUIET_S = 8.0  # at the very end nobody begins anything more, so that what was begun can end

WORLD_S_MAX = 600.0  # a world that takes longer has got stuck at its beginning

# -- mail ------------------------------------------------------------------------------------------------------

MAIL_LOST_SHARE = 0.02  # of commands to the mail server: the connection breaks, before or after the deed
MAIL_RENUMBERED_SHARE = 0.02  # of connections: the mailbox has numbered its mails anew
MAIL_POLL_S = 5.0  # between two looks when no push comes
MAIL_RETRY_S = 1.0  # before the second attempt to send
SMTP_SHARES = {"retry": 0.1, "failed": 0.05, "unknown_sent": 0.1, "unknown_lost": 0.05}  # of attempts; the rest go

# -- webhooks --------------------------------------------------------------------------------------------------

WEBHOOK_FAILED_SHARE = 0.08  # of attempts: 503, or no answer though it arrived
WEBHOOK_RETRY_S = (0.5,) * 60  # never given up within a world

# -- the archive -----------------------------------------------------------------------------------------------

TAIL_EVENTS = 40  # kept behind the archive: few, so that slow followers are overtaken by the trim
FORGET_AFTER_MS = 12_000  # longer than any node stands still: what a stale one has found out about an item counts still
FORGET_PAUSE_S = 3.0  # between two looks at what is closed

# -- people ----------------------------------------------------------------------------------------------------

THINK_S = 1.5  # the longest anybody takes over one thing
CALLBACK_SHARE = 0.15  # of calls: the caller wants to be called back, and hangs up
TWICE_SHARE = 0.3  # of incoming events: told again under another id
OVERTAKEN_SHARE = 0.15  # of calls: the phone system's events come in another order
LEAVE_SHARE = 0.04  # of an agent's moments: they go away for a while
DISCONNECT_SHARE = 0.02  # of an agent's moments: their screen loses its node, which lives on
RECONNECT_S = (0.05, 2.0)  # until a screen has found another node
AWAY_LONG_SHARE = 0.1  # of lost connections: the agent is away for longer than the grace period
AWAY_LONG_S = (31.0, 45.0)
ANSWER_SHARE = 0.5  # of mails that reach a customer: they write back
