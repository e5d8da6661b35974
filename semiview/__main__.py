"""`python -m semiview`."""

from semiview.cli import main

if __name__ == "__main__":
    main()
