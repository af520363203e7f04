"""TLS to mail servers."""

import ssl


def tls_context(ca_file: str) -> ssl.SSLContext:
    """Trusts the system's certificates, and those in `ca_file`. Reads files: not for the event loop."""
    context = ssl.create_default_context()
    if ca_file:
        context.load_verify_locations(ca_file)
    return context
