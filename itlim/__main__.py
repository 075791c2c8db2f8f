"""`python -m itlim`: the command line."""

from itlim.cli.main import main

__all__ = ["main"]

if __name__ == "__main__":
    main()
