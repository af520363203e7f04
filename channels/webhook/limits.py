"""Every bound of outgoing webhooks, with its unit in the name and its reason beside it."""

RETRY_S = (5.0, 300.0, 1_800.0, 7_200.0, 18_000.0, 36_000.0, 50_400.0, 72_000.0, 86_400.0)
"""Waits before the second to the tenth attempt, about three days in all: the example schedule of Standard Webhooks."""

JITTER_SHARE = 0.2  # of a wait that chance adds, so that a recovered receiver is not met by all at once
RETRY_AFTER_S_MAX = 86_400.0  # longest Retry-After that is honoured: the longest wait of our own
TIMEOUT_S = 15.0  # of one attempt, the least that Standard Webhooks recommends
CONCURRENT_MAX = 16  # attempts under way to one endpoint: order matters within an item only
FIRST_MAX = 500  # entries of one endpoint read and not yet tried; more stay in the outbox
RETRYING_MAX = 5_000  # entries of one endpoint waiting for another attempt; beyond it the oldest is given up
READ_MAX = 100  # entries read from the outbox at once
READ_WAIT_S = 5.0  # one blocking read: also how long an endpoint without events sleeps
STORE_PAUSE_S = 1.0  # before the store is asked again after it failed
DISABLE_WAIT_S = 10.0  # for the outcome of disabling an endpoint that is gone
PUBLIC_PORTS = frozenset({443, 8443})  # ports of public targets: anything else is more likely a probe than a receiver
