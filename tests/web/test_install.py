"""A workspace installs the app by OAuth: the whole way, over real sockets, and each way that leads nowhere."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from sqlmodel import select

from bot.app import opened, receiving
from bot.clock import SystemClock, VirtualClock
from bot.config import Settings
from bot.domain import vault
from bot.domain.identity import Credentials, Identity
from bot.exceptions import MissingSettings
from bot.sandbox.oracle import Oracle
from bot.sandbox.server import Sandbox
from bot.store import identities, install_states
from bot.store.database import Database
from bot.store.models import InstallStateRow
from bot.web.server import receiver
from tests.ports import free_port
from tests.web.conftest import KEY, START
from tests.web.desk import without

TEAM = "slack:T1"
CLIENT_ID, CLIENT_SECRET = "1.2", "canary-client-secret-of-the-app"
COOKIE = "slack-app-oauth-state"


@dataclass(slots=True)
class Browser:
    """Somebody's browser before our pages, which keeps the cookie that it was given."""

    client: httpx.AsyncClient
    address: str
    sandbox: Sandbox
    database: Database
    settings: Settings
    cookie: str = ""

    async def begins(self) -> str:
        """The address at Slack to which the install page leads."""
        answer = await self.client.get(f"{self.address}/slack/install")
        assert answer.status_code == 302
        self.cookie = answer.headers["set-cookie"].partition(";")[0]
        return answer.headers["location"]

    async def agrees(self, there: str) -> str:
        """The address with which Slack sends the browser back."""
        answer = await self.client.get(there)
        assert answer.status_code == 302
        return answer.headers["location"]

    async def comes_back(self, back: str, *, cookie: str | None = None) -> httpx.Response:
        headers = {"Cookie": self.cookie if cookie is None else cookie, "Accept-Language": "en"}
        return await self.client.get(back, headers=headers)

    def kept(self) -> list[Identity]:
        return list(self.database.run(identities.every))

    def token(self) -> Credentials:
        [identity] = self.kept()
        return vault.unlock(KEY.encode(), identity.locked, name=identity.name)


@pytest.fixture
async def browser(settings: Settings) -> AsyncIterator[Browser]:
    clock, port = SystemClock(), free_port()
    async with Sandbox(clock, Oracle(clock)) as sandbox:
        sandbox.slack.slack.client_secret = CLIENT_SECRET
        served = replace(
            settings,
            slack_bot_token="",
            slack_api=sandbox.slack_url,
            telegram_api=sandbox.telegram_url,
            slack_client_id=CLIENT_ID,
            slack_client_secret=CLIENT_SECRET,
            base_url=f"http://127.0.0.1:{port}",
        )
        with Database(settings.database_url, clock=clock) as database:
            async with (
                receiver(served, host="127.0.0.1", port=port) as address,
                httpx.AsyncClient() as client,
            ):
                yield Browser(client, address, sandbox, database, served)


async def test_a_workspace_is_installed_and_its_token_is_kept_locked(browser: Browser) -> None:
    """From our page to Slack and back; the token stands nowhere in the clear."""
    answer = await browser.comes_back(await browser.agrees(await browser.begins()))

    [identity] = browser.kept()
    assert (answer.status_code, "is installed" in answer.text) == (200, True)
    assert "deleted" in answer.headers["set-cookie"]
    assert (identity.name, identity.app, identity.added_by) == (TEAM, "A1", "OAuth")
    assert identity.expires_at is None
    token = browser.token().token
    assert token.startswith("xoxb-")
    assert token.encode() not in identity.locked
    assert "script-src" not in answer.text


async def test_an_installed_workspace_is_sent_to_and_heard(browser: Browser, clock: VirtualClock) -> None:
    """A worker that finds it serves its lane, and its webhooks come in under its name."""
    await browser.comes_back(await browser.agrees(await browser.begins()))
    silent = replace(browser.settings, telegram_token="")

    async with opened(silent, listens=False, database=browser.database) as app:
        assert list(app.dispatchers) == [TEAM]
    async with receiving(silent, database=browser.database) as reception:
        assert [door.inbound.identity for door in reception.slack] == [TEAM]


async def test_a_state_is_good_once(browser: Browser) -> None:
    back = await browser.agrees(await browser.begins())
    first = await browser.comes_back(back)
    browser.sandbox.slack.slack.codes.add("code-2")
    second = await browser.comes_back(back.replace("code-1", "code-2"))

    assert (first.status_code, second.status_code) == (200, 401)
    assert "too old or not yours" in second.text
    assert "code-2" in browser.sandbox.slack.slack.codes


@pytest.mark.parametrize("with_its_cookie", [True, False])
async def test_a_forged_state_leads_nowhere(browser: Browser, with_its_cookie: bool) -> None:
    """Neither one that nobody issued, nor somebody else's."""
    back = await browser.agrees(await browser.begins())
    state = back.rpartition("state=")[2]
    forged = back.replace(state, "f" * len(state))

    answer = await browser.comes_back(
        forged, cookie=f"{COOKIE}={'f' * len(state)}" if with_its_cookie else None
    )

    assert answer.status_code == (401 if with_its_cookie else 400)
    assert browser.kept() == []


async def test_another_browser_does_not_finish_what_this_one_began(browser: Browser) -> None:
    """Else a stranger could have somebody install the stranger's workspace."""
    back = await browser.agrees(await browser.begins())

    answer = await browser.comes_back(back, cookie="")

    assert (answer.status_code, browser.kept()) == (400, [])


async def test_a_state_grows_old(browser: Browser) -> None:
    """Ten minutes; and those whose time is over are swept away."""
    back = await browser.agrees(await browser.begins())
    later = datetime.now(UTC) + timedelta(minutes=11)

    def age(session):
        [row] = session.exec(select(InstallStateRow)).all()
        row.expires_at -= timedelta(minutes=11)

    browser.database.run(age)
    answer = await browser.comes_back(back)
    browser.database.run(install_states.put, "another", until=later, now=datetime.now(UTC))

    left = browser.database.run(lambda session: len(session.exec(select(InstallStateRow)).all()))
    assert (answer.status_code, browser.kept(), left) == (401, [], 1)


async def test_only_a_hash_of_the_state_is_kept(browser: Browser) -> None:
    there = await browser.begins()
    state = there.rpartition("state=")[2].partition("&")[0]

    [row] = browser.database.run(lambda s: [r.model_copy() for r in s.exec(select(InstallStateRow))])
    assert len(row.hash) == 64
    assert state
    assert state not in row.hash


@pytest.mark.parametrize(
    ("trouble", "status", "said"),
    [
        ("declined", 200, "called off"),
        ("code", 401, "did not confirm"),
        ("no code", 401, "did not confirm"),
        ("secret", 401, "did not confirm"),
        ("down", 502, "did not confirm"),
    ],
)
async def test_what_slack_does_not_confirm_is_not_installed(
    browser: Browser, trouble: str, status: int, said: str
) -> None:
    slack = browser.sandbox.slack.slack
    slack.declines = trouble == "declined"
    back = await browser.agrees(await browser.begins())
    if trouble == "code":
        slack.codes.clear()
    if trouble == "no code":
        back = back.replace("code=code-1&", "").replace("&code=code-1", "")
    if trouble == "secret":
        slack.client_secret = "another"
    if trouble == "down":
        await browser.sandbox.stop()

    answer = await browser.comes_back(back)

    assert (answer.status_code, said in answer.text, browser.kept()) == (status, True, [])


async def test_a_workspace_that_somebody_added_is_not_taken_over(browser: Browser) -> None:
    """Its app may be another one; who added it removes it first."""
    browser.database.run(identities.put, Identity(TEAM, START, "ann", b"locked"))

    answer = await browser.comes_back(await browser.agrees(await browser.begins()))

    assert (answer.status_code, "served already" in answer.text) == (409, True)
    assert [(one.added_by, one.locked) for one in browser.kept()] == [("ann", b"locked")]


async def test_a_whole_organization_is_not_installed(browser: Browser) -> None:
    """Who agrees at Slack may choose that; its token is none of a workspace."""
    browser.sandbox.slack.slack.whole_organization = True

    answer = await browser.comes_back(await browser.agrees(await browser.begins()))

    assert (answer.status_code, "none that can be" in answer.text, browser.kept()) == (409, True, [])


async def test_nothing_is_begun_while_the_database_is_away(browser: Browser) -> None:
    with without(browser.database, "install_state"):
        answer = await browser.client.get(f"{browser.address}/slack/install")

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")


@pytest.mark.parametrize("table", ["install_state", "audit"])
async def test_nothing_is_ended_while_the_database_is_away(browser: Browser, table: str) -> None:
    """Neither before Slack is asked nor after it; nobody is told that Slack or the workspace is to blame."""
    back = await browser.agrees(await browser.begins())

    with without(browser.database, table):
        answer = await browser.comes_back(back)

    assert (answer.status_code, answer.headers["retry-after"], browser.kept()) == (503, "5", [])
    assert "does not answer" in answer.text


async def test_installed_again_it_has_the_new_token(browser: Browser) -> None:
    """As after its removal at Slack's."""
    await browser.comes_back(await browser.agrees(await browser.begins()))
    first = browser.token().token
    browser.sandbox.slack.slack.dead_tokens[first] = "account_inactive"
    await browser.comes_back(await browser.agrees(await browser.begins()))

    assert len(browser.kept()) == 1
    assert browser.token().token != first


async def test_a_token_that_ends_is_kept_with_what_replaces_it(browser: Browser) -> None:
    browser.sandbox.slack.slack.rotates = True
    await browser.comes_back(await browser.agrees(await browser.begins()))

    [identity] = browser.kept()
    assert identity.expires_at is not None
    assert timedelta(hours=11) < identity.expires_at - datetime.now(UTC) <= timedelta(hours=12)
    assert browser.token().refresh_token.startswith("xoxe-")


async def test_what_is_missing_is_named_together(settings: Settings, clock: VirtualClock) -> None:
    half = replace(settings, slack_client_id=CLIENT_ID, slack_signing_secret="", base_url="")

    with pytest.raises(
        MissingSettings, match="BOT_SLACK_CLIENT_SECRET, BOT_SLACK_SIGNING_SECRET, BOT_BASE_URL"
    ):
        async with receiving(half, clock=clock):
            pass


async def test_without_a_client_id_there_is_nothing_to_install(platforms) -> None:
    assert (await platforms.client.get("/slack/install")).status_code == 404
