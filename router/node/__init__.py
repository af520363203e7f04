"""A node: one process, wired by hand. What depends on what can be read here from top to bottom, and nowhere else.

`running` is a node without faces (for commands on a data folder); `serving` adds the faces, the channels and the
node's share of the domain's duties. Whatever ends a task of a node unexpectedly ends the node: nothing limps on.
"""
