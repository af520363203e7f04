"""Rejections: expected refusals, as values. Each code is stable, documented here, and part of the API."""

import msgspec

CODES: dict[str, str] = {
    "unknown_agent": "there is no agent with this id",
    "unknown_item": "there is no open item with this id",
    "unknown_queue": "there is no queue with this id",
    "unknown_skill": "there is no skill with this id",
    "unknown_team": "there is no team with this id",
    "unknown_category": "there is no category with this id",
    "unknown_code": "there is no such code in the centre; ask for the list of its kind",
    "unknown_entry_point": "there is no entry point with this id",
    "unknown_hours": "there are no opening hours with this id",
    "unknown_call": "there is no open call with this id",
    "unknown_conversation": "there is no open conversation with this id",
    "unknown_delivery": "there is no delivery with this id",
    "unknown_question": "there is no open question with this id",
    "unknown_record": "there is no record of this kind with this id",
    "duplicate_id": "an id that should be new is in use",
    "not_yours": "the item is not held by this agent",
    "wrong_state": "the item is in a state in which this cannot be done",
    "wrong_channel": "this cannot be done on this channel",
    "still_yours": "you still hold this item: say whether you keep it, give it back, or to whom you hand it",
    "cannot_keep": "somebody waits in this chat: give it back or hand it over",
    "call_active": "a call is still on: end it, or hand it over, first",
    "category_required": "this queue wants to know what it was about before it closes",
    "outcome_required": "this queue wants to know how it ended before it closes",
    "overflow_loop": "the overflow of this queue leads back to it",
    "not_reserved": "the item is not reserved for this agent (any more)",
    "not_connected": "the agent has no connected client; connect by Socket.IO first",
    "agent_disabled": "the agent is disabled",
    "no_specialist_queue": "neither the category nor the queue names a specialist queue; name one",
    "note_required": "this needs a note: an escalation, an answer, a question",
    "bad_slot": "a call back is promised within a slot, from now on, of at most three days: name its end (until_at_ms)",
    "nowhere_to_return": "the item was not escalated, or from a queue that is gone",
    "not_followed": "you do not follow this item",
    "is_consult": "this is a question about an item: answer it, or pass it on to who knows",
    "no_consult": "this is no consult, or none about this item",
    "reason_required": "this needs a reason code",
    "own_question": "nobody answers their own question",
    "nobody_named": "name a queue or an agent",
    "bad_level": "a proficiency is 1 to 5, or 0 to take the skill away",
    "bad_date": "the date lies in the past, or too far ahead",
    "bad_value": "a value is outside what is allowed",
    "stale_revision": "the record was changed since you read it; read it again",
    "in_use": "other records or open items still name this record",
    "full": "no room for more of these",
    "wrong_attempt": "this attempt is not the one under way",
    "poisoned": "the command made the core fail and was set aside; the operator has been alarmed",
}


class Rejection(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An expected refusal: nothing moved. `subject` says which thing it is about (an id, never content)."""

    code: str
    subject: str = ""

    @property
    def message(self) -> str:
        """The default sentence for people, in English."""
        return CODES[self.code]
