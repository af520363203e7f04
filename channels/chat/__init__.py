"""Chat: customers' browsers over Socket.IO (namespace `/chat`), and integrators who have a chat window of their own.

Text only, in both directions: nothing a visitor writes is ever HTML. No cookie, no account: a visitor is whoever
holds the token that the first `welcome` gave them.
"""
