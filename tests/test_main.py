"""How the program ends."""

import sys
from types import ModuleType

import pytest

from bot.__main__ import main
from bot.exceptions import TenggatError, UnknownCampaign, UnknownSetting


def run(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> int | str | None:
    """Run a command line that ends with `error`; give the exit code."""

    def app() -> None:
        raise error

    module = ModuleType("bot.cli.main")
    monkeypatch.setattr(module, "app", app, raising=False)
    monkeypatch.setitem(sys.modules, "bot.cli.main", module)
    with pytest.raises(SystemExit) as caught:
        main()
    return caught.value.code


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UnknownCampaign("nonesuch", []), 2),
        (UnknownSetting("BOT_X", None), 3),
        (TenggatError("Something."), 2),
    ],
)
def test_what_the_operator_did_wrong_is_one_sentence_and_an_exit_code(monkeypatch, capsys, error, code):
    """Scripts read the code, people the sentence; nobody wants a traceback."""
    assert run(monkeypatch, error) == code

    assert capsys.readouterr() == ("", f"{error}\n")


def test_an_interrupt_ends_quietly(monkeypatch, capsys):
    """Ctrl-C is no error."""
    assert run(monkeypatch, KeyboardInterrupt()) == 130

    assert capsys.readouterr() == ("", "")
