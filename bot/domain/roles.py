"""Roles of the operator's staff, and what each may do; asked in one place for every face."""

from enum import StrEnum


class Role(StrEnum):
    """What somebody of the staff is."""

    VIEWER = "viewer"
    SUPPORT = "support"
    EDITOR = "editor"
    APPROVER = "approver"
    ADMIN = "admin"


class Act(StrEnum):
    """What staff can do in a chat, on a page or on the command line."""

    SIGN_IN = "sign_in"
    LOOKUP = "lookup"
    RESEND = "resend"
    LINK_ACCOUNT = "link_account"
    STATUS = "campaign.status"
    FORECAST = "campaign.forecast"
    PREVIEW = "campaign.preview"
    REPORT = "campaign.report"
    EDIT = "campaign.edit"
    TEST_SEND = "campaign.test_send"
    REQUEST = "campaign.request"
    APPROVE = "campaign.approve"
    REJECT = "campaign.reject"
    SCHEDULE = "campaign.schedule"
    START = "campaign.start"
    PAUSE = "campaign.pause"
    RESUME = "campaign.resume"
    CANCEL = "campaign.cancel"
    MOVE_DEADLINE = "campaign.move_deadline"
    RETRY = "inbox.retry"
    STAFF = "staff"
    EXPORT = "export"
    RESTORE = "restore"
    RELEASE = "release"


WATCH = frozenset({Act.SIGN_IN, Act.STATUS, Act.FORECAST, Act.PREVIEW, Act.REPORT})
HELP_PEOPLE = frozenset({Act.SIGN_IN, Act.STATUS, Act.LOOKUP, Act.RESEND, Act.LINK_ACCOUNT})
# to stop is always the safer side, and a moved deadline waits for somebody else
WRITE = WATCH | {Act.EDIT, Act.TEST_SEND, Act.REQUEST, Act.PAUSE, Act.MOVE_DEADLINE}
DECIDE = WATCH | {
    Act.APPROVE,
    Act.REJECT,
    Act.SCHEDULE,
    Act.START,
    Act.PAUSE,
    Act.RESUME,
    Act.CANCEL,
    Act.MOVE_DEADLINE,
    Act.TEST_SEND,
}
RIGHTS: dict[Role, frozenset[Act]] = {
    Role.VIEWER: WATCH,
    Role.SUPPORT: HELP_PEOPLE,
    Role.EDITOR: WRITE,
    Role.APPROVER: DECIDE,
    Role.ADMIN: frozenset(Act),
}


def may(role: Role | None, act: Act, *, own: bool = False) -> bool:
    """Whether somebody in this role may do that; who is not on the staff (None) may do nothing, and nobody
    approves what is their own."""
    return role is not None and act in RIGHTS[role] and not (own and act is Act.APPROVE)
