"""Slack: what an alert looks like, whether Slack would take it, and posting it there or to the terminal."""
