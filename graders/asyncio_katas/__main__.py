"""The command `katas`; `python -m asyncio_katas` does the same.

Processes forked for grading pass through this module too, so it imports nothing before it has to.
"""


def main() -> None:
    """Run the command line."""
    from asyncio_katas.cli import cli  # noqa: PLC0415

    cli()


if __name__ == "__main__":
    main()
