"""Mailboxes in the settings: complete, or refused with the mailbox and the key."""

import pytest

from channels.email.settings import mailboxes


def test_a_mailbox_is_read_from_its_table() -> None:
    imap = {"host": "imap.example", "user": "help", "password": "x"}
    (box,) = mailboxes({"help": {"address": "help@desk.example", "imap": imap, "smtp": {"host": "smtp.example"}}})
    assert box.imap is not None
    assert box.smtp is not None
    assert (box.name, box.imap.port, box.imap.tls, box.smtp.port, box.smtp.tls) == (
        "help",
        993,
        "implicit",
        587,
        "starttls",
    )


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({}, "address"),
        ({"address": "a@b.example", "imap": {"hots": "x"}}, "imap"),
        ({"address": "a@b.example", "smtp": {"host": "x", "tls": "yes"}}, "smtp.tls"),
        ({"address": "a@b.example", "smtp": {"host": "x", "port": 0}}, "smtp.port"),
        ({"address": "nobody"}, "address"),
    ],
)
def test_a_wrong_table_names_the_mailbox_and_the_key(table: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=r"mailboxes\.help: ") as caught:
        mailboxes({"help": table})
    assert words in str(caught.value)
