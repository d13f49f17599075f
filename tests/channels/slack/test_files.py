"""Files and the Home tab: what reaches Slack, and what is said of it."""

from dataclasses import replace

import pytest

from bot.domain.delivery import Accepted, Deferred, Failed, InDoubt, Rejected, Why
from bot.domain.message import Document, Surface
from bot.sandbox.faults import Fault, make

FILE = Document("TEN-1.json", "application/json", '{"é": 1}\n'.encode())


@pytest.fixture
def with_file(post):
    return replace(post, document=FILE)


@pytest.fixture
def at_home(post):
    return replace(post, surface=Surface.HOME)


async def test_a_file_is_shared_in_the_direct_message_with_its_headline(channel, with_file, slack, seen):
    outcome = await channel.send(with_file)

    [upload] = slack.slack.uploads.values()
    assert outcome == Accepted(f"file:{upload.id}", "D1")
    assert (upload.name, upload.content) == (FILE.name, FILE.content)
    assert [(message.user_id, message.text) for message in seen] == [("U1", with_file.message.headline)]


async def test_a_picture_says_what_it_shows(channel, with_file, slack):
    """Who cannot see it hears the words; a file needs none."""
    await channel.send(with_file)
    await channel.send(replace(with_file, document=replace(FILE, name="a.png", kind="image/png")))

    file, picture = slack.slack.uploads.values()
    assert (file.described, picture.described) == ("", with_file.message.headline)


async def test_a_known_conversation_is_not_opened_again(channel, with_file, to, oracle, slack):
    slack.slack.workspace.direct("U1")

    await channel.send(replace(with_file, to=replace(to, conversation="D1")))

    assert "conversations.open" not in [entry.method for entry in oracle.entries]


@pytest.mark.parametrize("method", ["files.getUploadURLExternal", "conversations.open"])
@pytest.mark.parametrize("what", ["500_before", "drop", "cut_json"])
async def test_nothing_was_seen_before_the_last_call(channel, with_file, faults, seen, method, what):
    """So it surely was not delivered, whatever became of the steps before."""
    faults.add(make(method, 1, what))

    assert isinstance(await channel.send(with_file), Failed)
    assert seen == []


async def test_whether_it_was_shared_is_in_doubt_when_the_last_answer_is_lost(channel, with_file, faults):
    faults.add(make("files.completeUploadExternal", 1, "accept_then_drop"))

    assert isinstance(await channel.send(with_file), InDoubt)


async def test_an_app_without_the_right_to_files_goes_on_with_everything_else(channel, with_file, slack):
    """The lane does not stop for it."""
    slack.slack.scopes = tuple(scope for scope in slack.slack.scopes if scope != "files:write")

    assert await channel.send(with_file) == Rejected(Why.MESSAGE, "missing_scope")


async def test_the_home_tab_shows_what_it_is_given(channel, at_home, slack, seen):
    assert await channel.send(at_home) == Accepted("home")

    view = slack.slack.home_of("U1")
    assert at_home.message.headline in str(view.body["blocks"])
    assert seen == []


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        ("not_enabled", Rejected(Why.MESSAGE, "not_enabled")),
        ("hash_conflict", Failed("hash_conflict")),
        ("view_too_large", Rejected(Why.MESSAGE, "view_too_large")),
    ],
)
async def test_what_slack_says_against_a_home_stops_no_lane(channel, at_home, faults, what, expected):
    faults.add(Fault("views.publish", 1, what))

    assert await channel.send(at_home) == expected


async def test_a_home_of_which_nobody_knows_is_published_again(channel, at_home, faults):
    """It does no harm to publish it twice."""
    faults.add(make("views.publish", 1, "accept_then_500"))

    assert isinstance(await channel.send(at_home), Failed)


async def test_a_limit_is_waited_out(channel, at_home, faults):
    faults.add(make("views.publish", 1, "429"))

    assert isinstance(await channel.send(at_home), Deferred)
