"""What strangers write, made up without end: feeds, dates, addresses, configurations, and texts for Slack."""
