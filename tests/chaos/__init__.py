"""Chaos: the whole house as real processes, faults at random instants, and a checker that stands outside.

`python -m tests.chaos --seconds 60 --seed 1 --json` (or `make chaos`). A round builds two nodes, Redis with a replica
and three Sentinels, PostgreSQL, Dovecot and a mail server in a private network; customers and agents work and keep a
journal of everything that was acknowledged to them; faults are drawn from the seed; at the end the checker holds the
journal against the log in Redis and the archive in PostgreSQL.
"""
