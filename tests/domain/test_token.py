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
