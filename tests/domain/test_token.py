"""The tokens of buttons: all of a message's at once are those that are signed one by one."""

from bot.domain.message import Verb
from bot.domain.token import TapToken, read, sign, sign_each

KEY = b"k" * 32
OLD = "7ps.i.xpfaseAo9a2U_d5Z"  # as the first release signed it for telegram:42


def test_the_tokens_of_a_message_are_those_of_its_buttons():
    together = sign_each(KEY, 1234, tuple(Verb), address="telegram:42")

    one_by_one = {verb: sign(KEY, TapToken(1234, verb), address="telegram:42") for verb in Verb}
    assert together == one_by_one
    read_again = [read(KEY, data, address="telegram:42") for data in together.values()]
    assert read_again == [TapToken(1234, verb) for verb in Verb]


def test_an_old_button_is_good_for_ever():
    assert read(KEY, OLD, address="telegram:42") == TapToken(10000, Verb.OPT_IN)


def test_a_button_with_what_is_no_text_is_refused():
    """JSON can say half of a pair of surrogates, which no encoding can."""
    assert read(KEY, "7ps.i.\ud800", address="telegram:42") is None
