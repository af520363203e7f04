"""Every bound of the chat channel, with its unit in the name and its reason beside it."""

TEXT_BYTES_MAX = 16_384  # of one message as UTF-8: ten pages; longer is a document
MESSAGE_ID_CHARS_MAX = 64  # of a browser's own id of a message: a UUID has 36
NAME_CHARS_MAX = 200  # of the name a visitor gives
TOKEN_CHARS_MAX = 1_024  # of a visitor token: ours have about 200
SITE_CHARS_MAX = 500  # of the address of a chat site
SEQ_MAX = 2**53 - 1  # what a browser can count to
RATE_MESSAGES_BURST = 10  # messages a visitor may send at once: pasting a list line by line
RATE_MESSAGES_PER_S = 1.0  # and then goes on at: nobody types more for long
RATE_TYPING_PER_S = 2.0  # typing signals that are passed on: the widget sends one each 3 s
RATE_TYPING_BURST = 4  # typing signals at once: starting and stopping
RATES_KEPT_MAX = 20_000  # visitors whose rate is remembered: all that one node can hold, twice
RATE_ADDRESS_PER_S = 50.0  # messages from one network address, whoever writes: fifty people behind one proxy
RATE_ADDRESS_BURST = 500  # and at once
RATE_CONNECTS_PER_S = (
    20.0  # sockets that one network address opens: pages that are reloaded, and a network that is back
)
RATE_CONNECTS_BURST = 400  # and at once: all of one address, twice
SOCKETS_MAX = 5_000  # chats shown by one node: half of its sockets, so that customers do not keep agents out
CONVERSATIONS_MAX = 5_000  # open conversations begun through one node: each is an item in memory and somebody who waits
FULL_RETRY_MS = 5_000  # told with "house_full", and up to as much again
FULL_RETRY_SPREAD_MS = 5_000
FULL_RETRY_STEP_MS = 100  # between two who are told one after the other
ADDRESS_SOCKETS_MAX = 200  # chat sockets from one network address: an office behind one proxy
ADDRESS_CONVERSATIONS_MAX = 50  # open conversations begun from one network address through this node
OUTCOME_WAIT_S = 10.0  # how long a message's acknowledgement waits for its outcome before it says "unavailable"
WELCOME_MESSAGES_MAX = 100  # missed messages inside the welcome; the others follow at once as messages
BATCH_MESSAGES_MAX = 100  # messages whose texts are fetched at once
TAIL_MESSAGES_MAX = 500  # latest messages of an open conversation kept by reference; earlier ones: archive
WAITING_S = 10.0  # between two words on how long it may take: more often would make people watch it
WAITING_STEP_MS = 30_000  # a wait is told in half minutes: nobody can keep a promise to the second
LOOK_S = 10.0  # a screen that was told nothing looks anyway: the followed state may have been loaded anew
RETRY_S = 0.2  # between two looks for messages that the archive does not have yet
