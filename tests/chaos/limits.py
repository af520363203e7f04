"""Every bound of a chaos round, with its unit in the name and its reason beside it."""

# -- the parts ------------------------------------------------------------------------------------------------
READY_S_MAX = 40.0  # a part that is not up by then will not come up: every core may be busy with something else
LOOK_S = 0.1  # between two looks at whether something is so
RESTART_S = 1.0  # between the end of a node and its next start, as under a supervisor of services
DISK_MIB = 64  # of each small disk: the work of minutes fits, and it is filled at once
DOWN_AFTER_MS = 1_500  # a master that says nothing for this long is down for a Sentinel
FAILOVER_TIMEOUT_MS = 6_000  # before a Sentinel tries a failover again
REPLICATION_TIMEOUT_S = 4  # a replica that hears nothing connects again; Redis' own 60 s would outlast a round
NODE_BACK_S_MAX = 120.0  # a node starts in seconds, but not while Redis has no replica, which other faults see to
MEND_S_MAX = 40.0  # until a killed Redis is a replica in step again

# -- customers ------------------------------------------------------------------------------------------------
CALLS_PER_S = 1.6  # new calls; with mails and chats what eight agents can do while two cores do everything
MAILS_PER_S = 0.8  # new mails
CHATS_PER_S = 0.5  # new chats, each of several messages
REQUEST_S_MAX = 4.0  # of one request; a stopped node answers nobody, and the next one is asked
INSIST_S_MAX = 60.0  # how long a customer tries: longer than any fault lasts
AGAIN_S = (0.1, 0.5)  # before it is tried again
PATIENCE_S = (1.0, 8.0)  # between a call's offer and its end
TYPE_S = (0.1, 0.6)  # between two messages of a chat
ANSWER_S_MAX = 4.0  # how long a visitor waits for an answer before they write on
FOLLOW_UP_S = (0.5, 3.0)  # between a mail and a second one in its thread
REPEATS_MAX = 3  # copies of an event that is sent several times
FILE_BYTES = 100_000  # a mail's attachment: too large for the log, so that it goes where blobs are
SHARES = {
    "repeated": 0.15,  # of events that are sent several times, at once and to any node
    "disordered": 0.1,  # of calls whose end is told before their offer
    "follow_up": 0.3,  # of mails that are followed by another one in the same thread
    "file": 0.3,  # of mails with an attachment
    "decline": 0.05,  # of reservations
    "escalate": 0.15,  # of what first line has accepted
}

# -- agents ---------------------------------------------------------------------------------------------------
THINK_S = (0.02, 0.25)  # before a button is pressed
ACT_S_MAX = 5.0  # an action is acknowledged within, or the agent connects to another node
RECONNECT_S = (0.2, 1.0)  # before they connect again
BACK_S = 1.0  # between two tries to become available again

# -- faults ---------------------------------------------------------------------------------------------------
GAP_S = (1.0, 4.0)  # between the end of a fault and the next one of its kin
STOP_S = 10.0  # a node is stopped (SIGSTOP) for so long: past every lease
CUT_S = (3.0, 6.0)  # a network cut
FULL_S = (2.0, 4.0)  # a full disk
DOWN_S = (0.5, 2.0)  # a killed part, until it is started again
MAIL_S = (2.0, 5.0)  # the mail server's bad mood

# -- the end --------------------------------------------------------------------------------------------------
SETTLE_S_MAX = 10.0  # after the last fault work flows again within, without a human: the promise
PROBE_S_MAX = 30.0  # how long it is waited for, to tell how late it was
QUIET_S_MAX = 20.0  # until what is under way has come to its end
ARCHIVE_S_MAX = 30.0  # until the archive is where the log is
SHOW_S = 0.5  # between two pictures
SLOTS = 60  # columns of the timeline
