"""QR codes of links, each an SVG file for a letter or a page."""

from pathlib import Path

import segno

PIXELS = 4  # a module's side; it is a drawing, which may be shown at any size


def draw(link: str, file: Path) -> None:
    """The file shows the link as a QR code of medium error correction; only its owner can read it."""
    file.touch(mode=0o600)
    segno.make_qr(link, error="m").save(str(file), kind="svg", scale=PIXELS)
