"""History in SQL: every entry verbatim, the rows made from it, and reading them again. Never decides anything."""
