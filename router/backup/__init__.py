"""A data folder in one file: made while its node works, proved before it counts, restored into an empty folder."""
