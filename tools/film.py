"""Pictures of pages, made small: stills, and frames that move."""

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Final

from PIL import Image
from playwright.async_api import Locator, Page

QUALITY: Final = 82  # of a still: letters have no halo, and a page takes a tenth of its PNG
FILM_QUALITY: Final = 62  # each frame is looked at for a second or less
FILM_WIDTH: Final = 960  # pixels
EFFORT: Final = 6  # the most that WebP's encoder makes


async def still(subject: Page | Locator, path: Path) -> None:
    """What the page, or this part of it, shows is in the file."""
    picture = _opened(await subject.screenshot(animations="disabled"))
    picture.save(path, "WEBP", quality=QUALITY, method=EFFORT)


@dataclass(slots=True)
class Film:
    """Frames of one page, each shown for a while."""

    page: Page
    frames: list[Image.Image] = field(default_factory=list)
    holds: list[timedelta] = field(default_factory=list)

    async def show(self, *, hold: timedelta) -> None:
        """What the page shows now is the next frame; one that is like the last is shown with it."""
        picture = _narrowed(_opened(await self.page.screenshot(animations="disabled")))
        if self.frames and self.frames[-1].tobytes() == picture.tobytes():
            self.holds[-1] += hold
            return
        self.frames.append(picture)
        self.holds.append(hold)

    def save(self, path: Path) -> None:
        """The file plays the frames from the first to the last, again and again."""
        first, *others = self.frames
        first.save(
            path,
            "WEBP",
            save_all=True,
            append_images=others,
            duration=_milliseconds(self.holds),
            loop=0,
            quality=FILM_QUALITY,
            method=EFFORT,
        )


def _opened(png: bytes) -> Image.Image:
    return Image.open(io.BytesIO(png)).convert("RGB")


def _narrowed(picture: Image.Image) -> Image.Image:
    height = round(picture.height * FILM_WIDTH / picture.width)
    return picture.resize((FILM_WIDTH, height), Image.Resampling.LANCZOS)


def _milliseconds(holds: Sequence[timedelta]) -> list[int]:
    return [round(hold / timedelta(milliseconds=1)) for hold in holds]
