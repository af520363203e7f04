"""Webhooks: events sent out, signed, to the endpoints of the centre; and texts that come in from other media."""
