"""Telegram and Slack."""
