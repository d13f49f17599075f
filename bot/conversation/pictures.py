"""Pictures: what a report or a forecast says, drawn for a chat, with the words under it."""

from dataclasses import dataclass
from typing import Final

from bot.campaigns import chart, forecast_chart
from bot.campaigns.forecast import Forecast
from bot.campaigns.report import Report
from bot.campaigns.wording import Template
from bot.conversation import figures_words
from bot.domain.message import Document, Message

PNG: Final = "image/png"


@dataclass(frozen=True, slots=True)
class Picture:
    """A file, and what it shows."""

    file: Document
    caption: Message


def of_report(template: Template, slug: str, found: Report) -> Picture | None:
    """The answers by day; None as long as nobody was reached."""
    if not found.days:
        return None
    drawn = chart.svg(chart.every_day(found.days), chart.labels(template))
    caption = figures_words.report_picture(template.words, slug)
    return Picture(Document(f"{slug}-report.png", PNG, chart.png(drawn)), caption)


def of_forecast(template: Template, slug: str, found: Forecast, *, zone: str) -> Picture | None:
    """What goes out by day; None when nothing does."""
    if not found.lanes:
        return None
    days = forecast_chart.by_day(found, zone=zone)
    drawn = forecast_chart.svg(days, figures_words.forecast_captions(template, days))
    caption = figures_words.forecast_picture(template.words, slug)
    return Picture(Document(f"{slug}-forecast.png", PNG, chart.png(drawn)), caption)
