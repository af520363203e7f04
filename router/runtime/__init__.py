"""What runs the core: stores, lease, writer, follower, the embedded server. All I/O stands behind ports."""
