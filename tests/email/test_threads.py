"""Message ids and thread keys: ours are recognised by anybody who has them, others only with their customer."""

from channels.email.threads import issue, issued, sent_key, thread_keys

SECRET = b"a secret"


def test_an_id_that_we_issued_names_its_delivery_whatever_the_domain() -> None:
    id = issue(SECRET, "dlv_x7.y", "desk.example")
    assert issued(SECRET, id) == "dlv_x7.y"
    assert issued(SECRET, id.replace("desk.example", "gateway.example")) == "dlv_x7.y"


def test_nobody_can_make_up_an_id_of_ours() -> None:
    id = issue(SECRET, "dlv_1", "desk.example")
    assert issued(b"another", id) == ""
    assert issued(SECRET, id.replace("dlv_1", "dlv_2")) == ""
    assert issued(SECRET, "<dlv_1@desk.example>") == ""


def test_a_foreign_id_is_a_key_only_with_its_customer_and_door() -> None:
    kim = thread_keys(SECRET, ["<a@x>", "<a@x>"], door="help", customer="kim")
    assert len(kim) == 1
    assert kim != thread_keys(SECRET, ["<a@x>"], door="help", customer="eve")
    assert kim != thread_keys(SECRET, ["<a@x>"], door="tax", customer="kim")


def test_an_issued_id_is_the_key_of_what_was_sent() -> None:
    id = issue(SECRET, "dlv_1", "desk.example")
    assert thread_keys(SECRET, [id], door="help", customer="eve") == (sent_key(SECRET, "dlv_1"),)
