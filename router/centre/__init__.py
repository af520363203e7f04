"""A contact centre as a file: YAML text to records, records to text, and what differs between the two. Pure."""
