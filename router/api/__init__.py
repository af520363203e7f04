"""The outer face: HTTP under /api/v1 and Socket.IO. Thin handlers, one file per noun; nothing is decided here."""
