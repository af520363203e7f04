"""How a reply is written: one thread, no injected header, nothing an old mail server cannot take."""

from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest

from channels.email.compose import Letter, Unsendable, composed, envelope
from channels.email.limits import REFERENCES_OUT_MAX
from channels.email.structure import File


def letter(**given: object) -> Letter:
    whole = {
        "message_id": "<dlv_1.0@desk.example>",
        "sender": ("Helpdesk", "help@desk.example"),
        "to": ("Kim", "kim@example.org"),
        "subject": "Re: x",
        "text": "text",
        "at_ms": 1_795_000_000_000,
    } | given
    return Letter(**whole)  # type: ignore[arg-type]


def test_long_ids_are_not_encoded() -> None:
    """The library turns a header that does not fit a line into encoded words, which nobody decodes in an id."""
    long = f"<{'a' * 150}@{'b' * 60}.example>"
    message = message_from_bytes(composed(letter(answers=long, references=(long[:-1] + "x>",))))
    assert message["In-Reply-To"] == long
    assert message["References"].split() == [long[:-1] + "x>", long]


def test_references_are_bounded() -> None:
    many = tuple(f"<r{number}@x>" for number in range(100))
    found = message_from_bytes(composed(letter(answers="<last@x>", references=many)))["References"].split()
    assert (len(found), found[0], found[-2:]) == (REFERENCES_OUT_MAX, "<r0@x>", ["<r99@x>", "<last@x>"])


@pytest.mark.parametrize("evil", ["x\r\nBcc: eve@evil.example", "x\nBcc: eve@evil.example", "x\rBcc: e@e.example"])
def test_no_header_can_be_smuggled_in(evil: str) -> None:
    raw = composed(letter(subject=evil, sender=(evil, "help@desk.example"), to=(evil, "kim@example.org")))
    assert "bcc" not in message_from_bytes(raw, policy=policy.default)
    assert "In-Reply-To" not in message_from_bytes(composed(letter(answers=f"<{evil}>")))


def test_mail_is_seven_bits_wide_with_lines_an_smtp_server_takes() -> None:
    raw = composed(letter(text="é" * 5_000, subject="é" * 300, html="<p>" + "ü" * 5_000))
    assert raw.isascii()
    assert max(len(line) for line in raw.split(b"\r\n")) < 1_000
    assert message_from_bytes(raw, policy=policy.default)["Subject"] == "é" * 300


@pytest.mark.parametrize("kind", ["message/rfc822", "multipart/mixed", "text/plain", "image/png", "odd", ""])
def test_any_file_arrives_as_it_was(kind: str) -> None:
    data = b"From: a@b.example\r\n\r\n\xe9 \x00"
    raw = composed(letter(files=(File(name="a b.eml", type=kind, data=data),)))
    (file,) = message_from_bytes(raw, _class=EmailMessage, policy=policy.default).iter_attachments()
    assert (file.get_payload(decode=True), file.get_filename()) == (data, "a b.eml")


def test_addresses_with_other_letters_go_out_where_that_is_possible() -> None:
    assert envelope("kim@münchen.example") == "kim@xn--mnchen-3ya.example"
    for bad in ("kïm@example.org", "kim", "kim@", "a b@example.org", "kim@x.example>\r\nRCPT TO:<eve@x.example"):
        with pytest.raises(Unsendable):
            envelope(bad)
