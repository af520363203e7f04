"""How each event changes state: one small function per event, none of which decides anything."""
