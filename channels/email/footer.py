"""The last line of a mail that we send: what its conversation is called, in the customer's language. Pure.

A plain line, no signature: mail programs fold signatures away, and this is to be read out on the telephone.
"""

import html
from typing import Final

_LINES: Final = {
    "en": "Your reference: {}",
    "fr": "Votre référence : {}",
    "nl": "Uw referentie: {}",
    "de": "Ihre Referenz: {}",
}
_ANY_LANGUAGE: Final = "Ref. {}"


def footed(text: str, reference: str, language: str) -> str:
    """The text with that line; as it is when it says the reference already, or there is none."""
    return text if _needless(text, reference) else f"{text.rstrip()}\n\n{_line(reference, language)}\n"


def footed_html(markup: str, reference: str, language: str) -> str:
    """The same for HTML. No HTML stays none."""
    if not markup or _needless(markup, reference):
        return markup
    return f"{markup}<p>{html.escape(_line(reference, language))}</p>"


def _needless(text: str, reference: str) -> bool:
    return not reference or reference in text


def _line(reference: str, language: str) -> str:
    return _LINES.get(language.lower().partition("-")[0], _ANY_LANGUAGE).format(reference)
