"""Every bound of a centre file, with its unit in the name and its reason beside it."""

FILE_BYTES_MAX = 8 * 1024 * 1024  # a centre of 10,000 agents takes about 3 MB
NODES_MAX = 400_000  # values read, aliases counted each time: 10,000 agents take 150,000; more is a file that unfolds
DEPTH_MAX = 12  # nesting of a valid file is 8; deeper ones would exhaust the stack of the composer
PROBLEMS_MAX = 100  # beyond this many one cause is behind most of them
ID_CHARS_MAX = 128  # ids are part of Redis keys, URLs and log lines; the API takes no longer ones
NAME_CHARS_MAX = 200  # a title must fit a line of a screen
ADDRESS_CHARS_MAX = 320  # the longest e-mail address (RFC 3696 erratum 1690 allows 254; older mail systems 320)
URL_CHARS_MAX = 2_000  # what every client and proxy takes (RFC 9110 section 4.1 asks for 8,000; many give less)
TERM_SKILLS_MAX = 50  # skills in one `any` or `not`: more is a skill of its own
SIMILAR = 0.6  # how alike (0 to 1) two words are before one is proposed for the other
