"""E-mail: IMAP or SMTP in, SMTP out. Knows the gateway and the core's types; other channels it does not know."""
