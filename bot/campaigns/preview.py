"""The preview: every message of a campaign as it will be shown, before anybody is asked."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import unescape
from typing import Final

from bot.campaigns.lint import Linter, missing, words_in
from bot.campaigns.shown import tokens_of
from bot.campaigns.wording import compose
from bot.channels.slack.render import Rendered as Blocks
from bot.channels.slack.render import render as render_slack
from bot.channels.telegram.render import IN_A_ROW
from bot.channels.telegram.render import render as render_telegram
from bot.domain.cadence import PlannedStep, deadline_of
from bot.domain.campaign import Campaign, CampaignDocument
from bot.domain.explain import plan_all
from bot.domain.fairness import Finding
from bot.domain.message import Button, Link, Message, MessageKind
from bot.domain.recipient import ChannelName
from bot.domain.template import STEPS
from bot.exceptions import UnknownWord
from bot.i18n import LOCALES

WIDTH: Final = 88  # columns of a line in the terminal

_TAG = re.compile(r"<[^>]+>")
_SLACK_TIME = re.compile(r"<!date\^\d+\^[^|]*\|([^>]*)>")
_SLACK_MARK = re.compile(r"^[>*`]|[*`]$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Shot:
    """One message in one language, and the steps of the plan that it goes out at."""

    message: Message
    steps: tuple[PlannedStep, ...]

    @property
    def kind(self) -> MessageKind:
        return self.message.kind

    @property
    def locale(self) -> str:
        return self.message.locale

    def html(self) -> str:
        """The text as Telegram gets it."""
        return render_telegram(self.message).html

    def blocks(self) -> Blocks:
        """The blocks that Slack gets."""
        return render_slack(self.message, tokens_of(self.message))

    def rows(self, channel: ChannelName) -> tuple[tuple[Button | Link, ...], ...]:
        """The buttons as they stand beside and below each other."""
        choices, others = self.message.choices, self.message.secondary
        if channel is ChannelName.SLACK:
            return tuple(row for row in (choices, others) if row)
        pairs = (others[n : n + IN_A_ROW] for n in range(0, len(others), IN_A_ROW))
        return (*((choice,) for choice in choices), *pairs)

    def text(self, channel: ChannelName) -> str:
        """What is read, without any markup."""
        if channel is ChannelName.TELEGRAM:
            return unescape(_TAG.sub("", self.html()))
        texts = (text for block in self.blocks().blocks for text in _texts(block))
        return "\n\n".join(unescape(_SLACK_MARK.sub("", _SLACK_TIME.sub(r"\1", text))) for text in texts)


@dataclass(frozen=True, slots=True)
class Preview:
    """A campaign's messages, language by language, what the lint says, and who gets other words than
    theirs."""

    campaign: Campaign
    shots: tuple[Shot, ...]
    findings: Sequence[Finding]
    missing: tuple[str, ...]
    fallbacks: Mapping[str, int]

    @property
    def document(self) -> CampaignDocument:
        return self.campaign.document

    @property
    def locales(self) -> tuple[str, ...]:
        """The languages shown, in their order."""
        return tuple(dict.fromkeys(shot.locale for shot in self.shots))

    def as_json(self) -> dict[str, object]:
        """The preview as scripts read it."""
        return {
            "slug": self.campaign.slug,
            "findings": [finding.as_json() for finding in self.findings],
            "missing": list(self.missing),
            "fallbacks": dict(self.fallbacks),
            "messages": [_as_json(shot, channel) for shot in self.shots for channel in ChannelName],
        }


def preview(
    campaign: Campaign, linter: Linter, *, fallbacks: Mapping[str, int], locale: str | None = None
) -> Preview:
    """The campaign as it would be shown now; `locale` for one language only."""
    there = [words.locale for words in words_in(campaign, linter.catalogs)]
    if locale is not None and locale not in LOCALES:
        raise UnknownWord("--locale", locale, LOCALES)
    if locale is not None and locale not in there:
        raise UnknownWord("--locale", locale, there)
    return Preview(
        campaign,
        tuple(_shots(campaign, linter, [locale] if locale else there)),
        linter(campaign),
        missing(campaign, linter.catalogs),
        fallbacks,
    )


def in_terminal(found: Preview) -> Iterator[str]:
    """Every message on every channel, as lines."""
    for shot in found.shots:
        for channel in (ChannelName.TELEGRAM, ChannelName.SLACK):
            yield f" {shot.kind} · {shot.locale} · {channel} ".center(WIDTH, "─")
            yield from shot.text(channel).split("\n")
            yield ""
            for row in shot.rows(channel):
                yield "  ".join(f"[ {button.label} ]" for button in row)
            yield ""


def _shots(campaign: Campaign, linter: Linter, locales: Sequence[str]) -> Iterator[Shot]:
    document = campaign.document
    deadline = deadline_of(document, document.zone)
    steps = plan_all(document, zone=document.zone)
    for locale in locales:
        for kind in STEPS:
            message = compose(
                kind,
                document=document,
                locale=locale,
                deadline=deadline,
                zone=document.zone,
                operator=linter.operator,
                catalogs=linter.catalogs,
                own=campaign.words,
            )
            yield Shot(message, tuple(step for step in steps if step.kind is kind))


def _texts(block: Mapping[str, object]) -> Iterator[str]:
    if block["type"] == "actions":
        return
    for inside in (block.get("text"), block.get("fields"), block.get("elements")):
        for item in inside if isinstance(inside, list) else [inside]:
            if isinstance(item, dict):
                yield str(item["text"])


def _as_json(shot: Shot, channel: ChannelName) -> dict[str, object]:
    return {
        "kind": shot.kind.value,
        "locale": shot.locale,
        "channel": channel.value,
        "text": shot.text(channel),
        "buttons": [[button.label for button in row] for row in shot.rows(channel)],
    }
