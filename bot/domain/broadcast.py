"""Telegram's paid broadcasts: faster than the free limit, at a price for each message."""

TELEGRAM_ONLY = (
    "`allow_paid_broadcast` is for Telegram only (0.1 Star a message):"
    " what goes to Slack is neither faster nor paid for."
)
A_STAR = 10  # messages: each costs 0.1 Star


def stars(messages: int) -> float:
    """What so many messages cost at most; the platform may take some of them for nothing."""
    return messages / A_STAR
