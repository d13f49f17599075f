"""Who may do what, row by row."""

import pytest

from bot.domain.roles import Act, Role, may

ALLOWED = {
    Role.VIEWER: "campaign.forecast campaign.preview campaign.report campaign.status sign_in",
    Role.SUPPORT: "campaign.status link_account lookup resend sign_in",
    Role.EDITOR: "campaign.edit campaign.forecast campaign.move_deadline campaign.pause campaign.preview"
    " campaign.report campaign.request campaign.status campaign.test_send sign_in",
    Role.APPROVER: "campaign.approve campaign.cancel campaign.forecast campaign.move_deadline campaign.pause"
    " campaign.preview campaign.reject campaign.report campaign.resume campaign.schedule campaign.start campaign.status"
    " campaign.test_send sign_in",
}


@pytest.mark.parametrize("role", ALLOWED)
def test_a_role_may_do_exactly_what_is_listed(role):
    """A right more is an escalation; a new act is nobody's but the admin's until it is listed here."""
    assert " ".join(sorted(act for act in Act if may(role, act))) == ALLOWED[role]


def test_an_admin_may_do_everything():
    """Somebody must be able to."""
    assert all(may(Role.ADMIN, act) for act in Act)


def test_who_is_not_on_the_staff_may_do_nothing():
    """Everybody who writes to the bot is such a person until the table says otherwise."""
    assert not any(may(None, act) for act in Act)
