"""The reference of `bench push`: the same path through the same parts, with everything left out that can be."""
