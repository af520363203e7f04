"""The media that contacts come through: each turns what arrives into commands, and outbox entries into deliveries."""
