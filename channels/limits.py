"""Bounds that every channel shares, each with its unit in the name and its reason beside it."""

ID_CHARS_MAX = 200  # of ids that integrators make: call ids, event ids; provider ids are at most about 100 long
SOURCE_CHARS_MAX = 500  # of a CloudEvents source, which is a URI reference
NAME_CHARS_MAX = 200  # of a customer's display name
ADDRESS_CHARS_MAX = 500  # of a number, mailbox, handle or SIP URI: an e-mail address may have 320
REFERENCE_CHARS_MAX = 40  # of a conversation's reference: 15 digits, however they are grouped
REASON_CHARS_MAX = 200  # of a provider's reason, which is kept in the log and so may be a code, no story
WINDOWS_MAX = 20  # times that somebody names in which they can be called
ATTEMPTS_MAX = 20  # calls to somebody who does not answer: more is harassment
SKILLS_MAX = 32  # skills one event may ask: more would be met by nobody
PRIORITY_MAX = 1_000  # beyond this, priorities are mistakes of units
ATTRIBUTES_BYTES_MAX = 16_384  # free attributes as JSON: facts for the agent's screen, no documents
SUBJECT_CHARS_MAX = 2_000  # of a subject: encoding longer headers takes seconds of CPU
TEXT_CHARS_MAX = 1_000_000  # of a text that comes as an event: as much as the largest mail bodies people write
INLINE_BYTES_MAX = 65_536  # of a content beside the log; a larger text becomes a blob
NORMAL_KEPT_MAX = 8_192  # normalised addresses remembered: parsing a phone number costs 50 us, a lookup none
LANGUAGE_CHARS_MAX = 2_000  # of a text whose language is asked: more of it tells no more, and this takes 0.2 ms
LANGUAGE_LETTERS_MIN = 12  # letters below which a text shows no language ("Dag", "ok", "Hallo")
LANGUAGE_SURE = 0.9  # how sure (0 to 1) the guess must be: of 22 short texts this takes 15, all right, and leaves 7
