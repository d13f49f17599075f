"""`python -m bot` and `tenggat`: the same program."""

import sys

from bot.exceptions import TenggatError

INTERRUPTED = 130  # as shells report a program that ended by Ctrl-C


def main() -> None:
    """Run the command line; what we or the operator did wrong is one sentence and an exit code."""
    try:
        _run()
    except TenggatError as error:
        print(error, file=sys.stderr)  # noqa: T201
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


def _run() -> None:
    from bot.cli.main import app  # here, so that an error at import is told in the same way

    app()


if __name__ == "__main__":
    main()
