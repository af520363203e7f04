"""The core against queueing theory: models of contact centres with known results, run on virtual time by the very
functions that route in production. A tick is a nanosecond here."""
