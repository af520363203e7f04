"""Bytes to text, whatever the mail says they are. Pure; never raises.

The declared charset is believed if it fits, then UTF-8, then a guess, then windows-1252 (what mislabelled western
mail is). UTF-7 is refused: it turns harmless bytes into markup.
"""

import codecs

from charset_normalizer import from_bytes

from channels.email.limits import GUESS_BYTES_MAX

_REFUSED = {"utf-7"}
_NOT_TEXT = {"base64", "bz2", "hex", "quopri", "rot13", "uu", "zlib", "idna", "punycode", "unicode_escape", "mbcs"}
_PLAUSIBLE = ["cp1250", "cp1251", "cp1252", "cp1253", "cp1254", "cp1255", "cp1256", "koi8_r", "gb18030", "big5"]
_PLAUSIBLE += ["shift_jis", "euc_jp", "euc_kr", "utf_16", "utf_32"]
_GUESS_FROM_BYTES = 64  # a guess from less is worse than windows-1252


def decoded(data: bytes, declared: str | None) -> tuple[str, bool]:
    """The text of a part, and whether the mail was right about its charset."""
    charset = _known(declared) if declared else "utf-8"
    if charset:
        text = _strictly(data, charset)
        if text is not None:
            return text, True
    text = _strictly(data, "utf-8")
    if text is None:
        text = _strictly(data, _guess(data)) or data.decode("cp1252", "replace")
    return text, False


def decoded_header(data: bytes, declared: str | None = None) -> str:
    """The text in a header. Not guessed: a guess costs milliseconds, and there may be a thousand headers."""
    charset = _known(declared) if declared else ""
    text = _strictly(data, charset) if charset else None
    if text is None:
        text = _strictly(data, "utf-8")
    return data.decode("cp1252", "replace") if text is None else text


def _known(declared: str) -> str:
    """Python's name of a charset, or nothing if it is unknown, no charset, or refused."""
    try:
        name = codecs.lookup(declared.strip().strip("'\"")).name
    except (LookupError, ValueError):
        return ""
    if name in _REFUSED or name.replace("-", "_") in _NOT_TEXT:
        return ""
    return "cp1252" if name == "iso8859-1" else name


def _strictly(data: bytes, charset: str) -> str | None:
    try:
        return data.decode(charset)
    except (UnicodeError, LookupError):
        return None


def _guess(data: bytes) -> str:
    if len(data) < _GUESS_FROM_BYTES:
        return "cp1252"
    best = from_bytes(data[:GUESS_BYTES_MAX], cp_isolation=_PLAUSIBLE).best()
    return best.encoding if best is not None else "cp1252"
