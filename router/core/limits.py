"""Every bound of the core, with its unit in the name and its reason beside it. A tick is 1 ms in production."""

PRESENCE_GRACE_TICKS = 30_000  # a reload or a lost network comes back within this; then the agent is signed off
EXCEPTIONS_MAX = 64  # agents barred from one item; more would mean that nobody is left
WALK_MAX = 64  # how far a line is walked past exceptions before giving up for this decision
MATCHES_PER_CALL_MAX = 200  # reservations one call of match may make; the rest waits for the next call
CLASSES_KEPT_MAX = 4_096  # empty item classes kept with their compatibility before they are swept
MESSAGES_KEYS_KEPT_MAX = 256  # thread and natural keys remembered per open conversation; older ones: archive
CONNECT_FAILURES_ALARM = 3  # failed connects of one caller before a supervisor is told
CONNECT_RETRY_TICKS = 60_000  # how long the phone that failed is left alone by the caller it failed
HELD_MAX = 100  # items one agent may hold whatever their rooms say
WEIGHT_MAX = 1_000  # of an item in an agent's room, and of that room in all: ten times the usual total
PRIORITY_MAX = 1_000  # priorities are ranks, not weights; a thousand of them tells everything apart
LINE_MAX = 9  # lines of support
ORDER_MAX = 100  # ranks of agents within a queue
KNOCK_OUT_MAX = 50  # agents one item may make not ready before it is stuck
DURATION_TICKS_MAX = 366 * 86_400_000  # a target or a date of more than a year away is a typing error
PENDING_MAX = 500  # items one agent may have waiting for customers
CLIENTS_MAX = 16  # connected clients of one agent
CHANGES_MAX = 20_000  # records one centre file may change at once
RETURNED_KEPT_MAX = 50  # items an agent is told were taken back; who was away longer asks their supervisor
TEMPORARY_MAX = 50  # temporary skills and memberships of one agent
CLOSED_MESSAGE_CHARS_MAX = 1_000  # of what a closed queue says, per language: more than anybody listens to
PULSE_MAX = 200  # due things one pulse handles; the next pulse follows at once
WAITING_MAX = 1_000_000  # open items of a domain
FILL_STEP_RECORDS = 2_000  # records loaded in one go, about 10 ms; leases and requests have their turn between
