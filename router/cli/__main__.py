"""`python -m router.cli` is `firstline`."""

from router.cli import main

if __name__ == "__main__":
    main()
