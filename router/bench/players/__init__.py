"""The players of the demo: customers on three channels, the phone system, and agents at work. All are programs."""
