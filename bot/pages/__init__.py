"""Pages: HTML from templates, everything escaped, and what the pages of all faces share."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

STATIC: Final = Path(__file__).parent / "static"
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}
KINDS: Final = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


class Pages:
    """The templates of one face; a name that a template needs and is not given is an error."""

    def __init__(self, folder: Path) -> None:
        self._environment = Environment(
            loader=FileSystemLoader([folder, Path(__file__).parent / "templates"]),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def fill(self, name: str, **values: object) -> str:
        """The template with the values in it; whatever is not `safe` is shown as the text that it is."""
        return self._environment.get_template(name).render(**values)


def safe(html: str) -> str:
    """HTML of our own making, which a template takes as it is."""
    return Markup(html)  # noqa: S704 - the caller has escaped what came from outside


def static_file(name: str, folders: Iterable[Path]) -> tuple[bytes, str] | None:
    """A file that a page needs, and its kind; None when no folder has one of that very name."""
    for folder in folders:
        for path in folder.iterdir():
            if path.name == name and path.suffix in KINDS:
                return path.read_bytes(), KINDS[path.suffix]
    return None
