"""What `firstline init` is made of: questions, the answers to them, and the files and accounts made of those."""
