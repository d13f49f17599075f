"""The place outside the database where checkpoints go besides: a folder, or an address that takes PUT."""

import asyncio
import os
import re
import tempfile
from pathlib import Path
from typing import Protocol

import aiohttp

from bot.exceptions import OutsideAway

NEWEST = "checkpoint"
LONGEST = aiohttp.ClientTimeout(total=10)
NOT_FOUND = 404


class Outside(Protocol):
    """Keeps texts by name, where whoever can write to the database cannot."""

    async def put(self, name: str, text: str) -> None:
        """The text is kept under this name; raise `OutsideAway` when it is not."""

    async def get(self, name: str) -> str | None:
        """The text with this name; raise `OutsideAway` when nobody can tell."""

    async def every(self) -> list[str]:
        """All checkpoints, or, where they cannot be listed, the newest."""


def outside(where: str, *, inline: bool = False) -> Outside | None:
    """The place that is set; None when there is none. `inline`: nothing is left to other threads."""
    if not where:
        return None
    return Address(where) if re.match(r"https?://", where) else Folder(Path(where), inline=inline)


class Folder:
    """A folder: one file a checkpoint, and the newest under a name of its own."""

    def __init__(self, path: Path, *, inline: bool = False) -> None:
        self.path = path
        self.inline = inline

    async def put(self, name: str, text: str) -> None:
        """The text is in a file of this name, whole and on the disk."""
        if self.inline:
            self._put(name, text)
        else:
            await asyncio.to_thread(self._put, name, text)

    async def get(self, name: str) -> str | None:
        """The text in the file of this name."""
        try:
            return (self.path / name).read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise OutsideAway(str(self.path), str(error)) from error

    async def every(self) -> list[str]:
        """The texts of all checkpoints, by name."""
        try:
            files = sorted(self.path.glob(f"{NEWEST}*"))
            return [file.read_text(encoding="utf-8", errors="replace") for file in files]
        except OSError as error:
            raise OutsideAway(str(self.path), str(error.strerror)) from error

    def _put(self, name: str, text: str) -> None:
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile("w", dir=self.path, delete=False, encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            Path(file.name).replace(self.path / name)
        except OSError as error:
            raise OutsideAway(str(self.path), str(error.strerror)) from error


class Address:
    """A web address: names are put below it."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")

    async def put(self, name: str, text: str) -> None:
        """The address has taken the text under this name."""
        try:
            async with (
                aiohttp.ClientSession(timeout=LONGEST) as session,
                session.put(f"{self.url}/{name}", data=text.encode()) as answer,
            ):
                answer.raise_for_status()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise OutsideAway(self.url, _reason(error)) from error

    async def get(self, name: str) -> str | None:
        """What the address gives under this name."""
        try:
            async with (
                aiohttp.ClientSession(timeout=LONGEST) as session,
                session.get(f"{self.url}/{name}") as answer,
            ):
                if answer.status == NOT_FOUND:
                    return None
                answer.raise_for_status()
                return await answer.text()
        except (aiohttp.ClientError, TimeoutError, UnicodeDecodeError) as error:
            raise OutsideAway(self.url, _reason(error)) from error

    async def every(self) -> list[str]:
        """The newest checkpoint: an address does not list what it has."""
        newest = await self.get(NEWEST)
        return [] if newest is None else [newest]


def _reason(error: Exception) -> str:
    if isinstance(error, aiohttp.ClientResponseError):
        return f"HTTP {error.status}"
    return type(error).__name__
