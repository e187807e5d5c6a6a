"""The command `katas`; `python -m asyncio_katas` does the same.

Processes forked for grading pass through this module too, so it imports nothing before it has to.
"""


def main() -> None:
    """Run the command line."""
    try:
        from asyncio_katas.cli import cli  # noqa: PLC0415
    except KeyboardInterrupt:
        # As any later one ends.
        raise SystemExit(130) from None
    cli()


if __name__ == "__main__":
    main()
