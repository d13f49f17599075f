"""Pictures: a report's answers by day, both in equal weight, or what goes out by day; as SVG and as PNG."""

import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from importlib.resources import as_file, files

import pygal
import resvg_py
from pygal import Bar, Config, Graph, StackedBar
from pygal.style import Style

from bot.campaigns.report import Part
from bot.campaigns.wording import Template
from bot.domain.choice import ChoiceValue
from bot.i18n import is_right_to_left, shown_number

# pygal leaves a finder of maps behind that Python no longer knows how to ask, and warns of at each import.
sys.meta_path[:] = [finder for finder in sys.meta_path if type(finder) is not pygal.PluginImportFixer]

FONTS = "DejaVu Sans, Noto Sans Arabic, sans-serif"
# What draws PNGs takes the first family alone and then whatever has the letter, were it with serifs.
CJK = {"zh": "Noto Sans CJK SC, sans-serif", "ja": "Noto Sans CJK JP, sans-serif"}
RTL = ("\u2067", "\u2069")  # around a text that reads from right to left, since a picture does not
SIZE = (900, 480)
ZOOM = 2.0  # for screens that are
SCRIPT = re.compile(r"<script.*?</script>", re.DOTALL)  # for tooltips; a picture does nothing by itself
MOST_LABELS = 14
GUIDE = "#8a8a8a"
DAY = len("2025-")  # from here on a date is short, and the same in every language
# Two hues of one lightness, alike for eyes that do not tell red from green; neither is a traffic light's.
ANSWERS = ("#3b75af", "#a86a1d")
ANSWERS_IN_THE_DARK = ("#7fb0e6", "#dda35a")
# Steps follow each other: one hue, ever darker (in the dark: ever lighter), then others for what comes besides.
STEPS = ("#9ec5ea", "#74a5d6", "#4d86be", "#2f689f", "#194a7d", "#a86a1d", "#7a7a7a", "#5f8f5a", "#8a5f8f")
STEPS_IN_THE_DARK = (
    "#2f5f92", "#4478b0", "#5f93cb", "#86b1e0", "#b4d1f1", "#dda35a", "#a5a5a5", "#8fbf8a", "#ba8fbf",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Labels:
    """The words of the picture, in the reader's language; the two answers in neutral order."""

    title: str
    opt_in: str
    opt_out: str
    by_day: str
    locale: str


@dataclass(frozen=True, slots=True)
class Captions:
    """The words of a picture of steps, which are named by `steps`."""

    title: str
    by_day: str
    locale: str
    steps: Mapping[str, str]


def labels(template: Template) -> Labels:
    """The picture's words in the template's language."""
    return Labels(
        title=template.title,
        opt_in=template.label(ChoiceValue.OPT_IN),
        opt_out=template.label(ChoiceValue.OPT_OUT),
        by_day=template.words.gettext("Answers by day"),
        locale=template.locale,
    )


def svg(days: Sequence[Part], said: Labels, *, dark: bool = False) -> str:
    """The answers of these days as SVG; it needs nothing from elsewhere."""
    colors = ANSWERS_IN_THE_DARK if dark else ANSWERS
    chart = Bar(_config(said, colors, columns=1, dark=dark))  # an answer's words may fill a line
    chart.x_labels = _thinned([part.name[DAY:] for part in days])
    chart.add(_turned(said.opt_in, said.locale), [part.opt_in for part in days])
    chart.add(_turned(said.opt_out, said.locale), [part.opt_out for part in days])
    return _drawn(chart)


def stacked(
    series: Mapping[str, Sequence[int]], days: Sequence[str], said: Captions, *, dark: bool = False
) -> str:
    """What goes out on these days as SVG, one step's bar upon the other."""
    colors = STEPS_IN_THE_DARK if dark else STEPS
    chart = StackedBar(_config(said, colors, columns=3, dark=dark))
    chart.x_labels = _thinned([day[DAY:] for day in days])
    for step, counts in series.items():
        chart.add(_turned(said.steps[step], said.locale), counts)
    return _drawn(chart)


def png(picture: str) -> bytes:
    """The same picture as PNG; Chinese and Japanese from the font that we bring, others from the system's."""
    with as_file(files("noto_cjk_sans_otc") / "NotoSansCJK-Regular.ttc") as font:
        drawn = resvg_py.svg_to_bytes(
            svg_string=picture, zoom=ZOOM, font_files=[str(font)], sans_serif_family="DejaVu Sans"
        )
    return bytes(drawn)


def every_day(days: Sequence[Part]) -> list[Part]:
    """The days from the first to the last with a figure, those without one too."""
    known = {part.name: part for part in days}
    if not known:
        return []
    first, last = (date.fromisoformat(name).toordinal() for name in (min(known), max(known)))
    names = (date.fromordinal(day).isoformat() for day in range(first, last + 1))
    return [known.get(name, Part(name, None, 0, 0)) for name in names]


def _drawn(chart: Graph) -> str:
    drawn: str = chart.render(is_unicode=True)
    return SCRIPT.sub("", drawn)


def _turned(text: str, locale: str) -> str:
    return text.join(RTL) if is_right_to_left(locale) else text


def _config(said: Labels | Captions, colors: Sequence[str], *, columns: int, dark: bool) -> Config:
    width, height = SIZE
    return Config(
        title=_turned(said.title, said.locale),
        x_title=_turned(said.by_day, said.locale),
        style=_style(colors, said.locale, dark=dark),
        width=width,
        height=height,
        js=(),  # a page must not fetch anything for a picture
        explicit_size=True,
        legend_at_bottom=True,
        legend_at_bottom_columns=columns,
        legend_box_size=14,
        truncate_legend=-1,
        truncate_label=-1,
        min_scale=2,
        integer_only=True,
        formatter=lambda value: shown_number(round(value), said.locale),
        show_y_guides=True,
        no_data_text="",
        print_values=False,
        pretty_print=False,
    )


def _style(colors: Sequence[str], locale: str, *, dark: bool) -> Style:
    ink, paper = ("#e8e8e8", "#1d1f23") if dark else ("#222222", "#ffffff")
    return Style(
        background=paper,
        plot_background=paper,
        foreground=ink,
        foreground_strong=ink,
        foreground_subtle="#7a7a7a",
        colors=tuple(colors),
        font_family=CJK.get(locale, FONTS),
        opacity="1",
        opacity_hover="1",
        title_font_size=20,
        legend_font_size=15,
        label_font_size=13,
        major_label_font_size=13,
        no_data_font_size=15,
        guide_stroke_color=GUIDE,
        major_guide_stroke_color=GUIDE,
    )


def _thinned(days: Sequence[str]) -> list[str]:
    """So few labels that they can be read."""
    every = max(1, -(-len(days) // MOST_LABELS))
    return [day if place % every == 0 else "" for place, day in enumerate(days)]
