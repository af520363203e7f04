"""The real services on virtual time: a seeded world of faults, and the auditor who knows what must be true."""
