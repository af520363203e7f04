"""What the tests of seeds share."""

from router.simulate.run import simulate


def hold(seed: int) -> None:
    """The world of this seed keeps every rule, and is worth the name."""
    result, wrong = simulate(seed)
    assert wrong == []
    assert result.events > 20 and result.faults > 5
