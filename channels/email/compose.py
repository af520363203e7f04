"""A reply as it goes out. Pure, but for the boundaries between its parts, which the library draws."""

import re
from datetime import UTC, datetime
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime

import msgspec

from channels.email.addresses import is_address
from channels.email.headers import words
from channels.email.limits import REFERENCES_OUT_MAX, SUBJECT_CHARS_MAX
from channels.email.markup import sanitised
from channels.email.structure import File

_ID = re.compile(r"<[!-;=?-~]{1,250}>")
_POLICY = policy.SMTP.clone(cte_type="7bit")  # no server need know 8BITMIME


class Unsendable(Exception):
    """This can never be sent as it is. The code says why."""


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """A reply. `sender` and `to` are (name, address); `at_ms` is when it was written."""

    message_id: str
    sender: tuple[str, str]
    to: tuple[str, str]
    subject: str
    text: str
    html: str = ""
    files: tuple[File, ...] = ()
    answers: str = ""
    """The Message-ID of the mail that this answers."""
    references: tuple[str, ...] = ()
    """The ids before that one, oldest first."""
    at_ms: int


def composed(letter: Letter) -> bytes:
    """The mail with all its headers. Raises Unsendable."""
    message = EmailMessage(policy=_POLICY)
    message["From"] = _address(*letter.sender)
    message["To"] = _address(*letter.to)
    message["Subject"] = words(letter.subject)[:SUBJECT_CHARS_MAX]
    message["Date"] = format_datetime(datetime.fromtimestamp(letter.at_ms / 1000, UTC))
    try:
        message.set_content(letter.text or "\n")
        if letter.html:
            message.add_alternative(sanitised(letter.html), subtype="html")
        for file in letter.files:
            _attach(message, file)
        return _ids(letter) + message.as_bytes()
    except (ValueError, TypeError, LookupError) as error:
        raise Unsendable("not_composable") from error


def _attach(message: EmailMessage, file: File) -> None:
    """Mails and compound files go as bytes: as what they are they could not be encoded (RFC 2046 section 5.2.1)."""
    kind, _, subtype = file.type.partition("/")
    if kind in ("message", "multipart") or not subtype:
        kind, subtype = "application", "octet-stream"
    message.add_attachment(file.data, maintype=kind, subtype=subtype, filename=file.name)


def _ids(letter: Letter) -> bytes:
    """The headers with message ids: the library would encode long ones, and nobody decodes them there."""
    before = [id for id in letter.references if _ID.fullmatch(id) and id != letter.answers]
    lines = [f"Message-ID: {letter.message_id}"]
    if _ID.fullmatch(letter.answers):
        kept = before if len(before) < REFERENCES_OUT_MAX else [before[0], *before[2 - REFERENCES_OUT_MAX :]]
        lines += [f"In-Reply-To: {letter.answers}", "References: " + "\r\n ".join([*kept, letter.answers])]
    return "".join(line + "\r\n" for line in lines).encode("ascii")


def _address(name: str, address: str) -> Address:
    """An address with its name. Raises Unsendable for one that no mail server would take."""
    local, _, domain = address.rpartition("@")
    try:
        if not is_address(address):
            raise Unsendable("bad_address")
        ascii_domain = domain.encode("idna").decode("ascii")
        return Address(display_name=words(name), addr_spec=f"{local.encode('ascii').decode()}@{ascii_domain}")
    except (ValueError, UnicodeError) as error:
        raise Unsendable("bad_address") from error


def envelope(address: str) -> str:
    """An address as the envelope names it. Raises Unsendable."""
    return _address("", address).addr_spec
