"""Standard Webhooks: the published vector, and a body that is the same at every attempt."""

from datetime import UTC, datetime

from standardwebhooks import Webhook

from channels.webhook.attempt import encoded, webhook_id
from router.gateway import OutboxEntry


def test_the_published_vector_is_met() -> None:
    """What receivers with other libraries verify."""
    signature = Webhook("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").sign(
        "msg_p5jXN8AQM9LWM0D4loKWxJek", datetime.fromtimestamp(1614265330, UTC), '{"test": 2432232314}'
    )
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_the_body_has_type_timestamp_and_data() -> None:
    entry = OutboxEntry(
        id="5-0", position=9, body={"type": "item.queued", "at_ms": 1_600_000_000_123, "item": "i1", "queue": "q"}
    )
    assert encoded(entry) == (
        '{"type":"item.queued","timestamp":"2020-09-13T12:26:40.123+00:00","data":{"item":"i1","queue":"q"}}'
    )
    assert webhook_id(entry) == "msg_9_5-0"
