"""Somebody of the staff at the pages, let in by the link that the bot would hand out."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass

import httpx

from bot.app import Reception
from bot.campaigns import sign_in
from bot.domain.campaign import Campaign
from bot.domain.roles import Role
from bot.store import campaigns, staff
from bot.store.database import Database
from bot.store.staff import Staff
from bot.web.ingress import ingress
from tests.worlds import document

ADDRESS = "https://desk.example"
ONE = "/staff/campaigns/terms"


@dataclass(slots=True)
class Browser:
    """Somebody of the staff at the pages."""

    client: httpx.AsyncClient
    reception: Reception
    member: Staff

    async def get(self, path: str) -> httpx.Response:
        return await self.client.get(path)

    async def send(self, path: str, **fields: str) -> httpx.Response:
        """The form of a page that they have loaded."""
        return await self.client.post(path, data={"guard": await self.guard(), **fields})

    async def guard(self) -> str:
        """What our own forms carry."""
        found = re.search(r'name="guard" value="(\w+)"', (await self.get("/staff")).text)
        assert found
        return found[1]

    async def state(self, slug: str = "terms") -> str:
        return (await self.reception.database.transact(campaigns.get, slug)).state.value


ComeIn = Callable[..., Awaitable[Browser]]


async def drafted(reception: Reception) -> str:
    """A draft, written by somebody on the command line."""
    draft = Campaign(document("terms"), author="author")
    await reception.database.transact(campaigns.add, draft, now=reception.clock.now())
    return draft.slug


async def link(reception: Reception, member: Staff) -> str:
    return await reception.database.transact(
        sign_in.offer, member.key, now=reception.clock.now(), random_bytes=lambda n: b"\x09" * n
    )


@asynccontextmanager
async def at_the_door(reception: Reception) -> AsyncIterator[ComeIn]:
    """Lets somebody in, in a role, under its name or another."""
    app = ingress(reception).app
    async with AsyncExitStack() as stack:
        count = 0

        async def come_in(role: Role, name: str | None = None) -> Browser:
            nonlocal count
            count += 1
            member = Staff(name or role.value, role, f"telegram:{count}")
            client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=ADDRESS)
            await stack.enter_async_context(client)
            now = reception.clock.now()
            await reception.database.transact(staff.add, member, by="admin", now=now)
            await client.post("/staff/sign-in", data={"token": await link(reception, member)})
            return Browser(client, reception, member)

        yield come_in


@contextmanager
def without(database: Database, table: str) -> Iterator[None]:
    """A SQLite database answers, but for one table; to us that is a database that is away."""

    def rename(before: str, after: str) -> None:
        with database.engine.begin() as connection:
            connection.exec_driver_sql(f"ALTER TABLE {before} RENAME TO {after}")

    rename(table, "lost")
    try:
        yield
    finally:
        rename("lost", table)
