"""Run the command line with `python -m vodnb`."""

from vodnb.cli import main

if __name__ == "__main__":
    main(prog_name="vodnb")
