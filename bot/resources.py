"""Where the folders lie that ship with the program: beside `bot/` in a checkout, inside it in a wheel."""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent


def root(package: Path = PACKAGE) -> Path:
    """The folder that holds `locales`, `migrations` and `examples`."""
    shipped = package / "_shipped"
    return shipped if shipped.is_dir() else package.parent


def locales() -> Path:
    """Catalogs of words and lexicons of replies."""
    return root() / "locales"


def migrations() -> Path:
    """Alembic's environment and its revisions."""
    return root() / "migrations"


def examples() -> Path:
    """The campaign that ships with the program, and people to try it with."""
    return root() / "examples"
