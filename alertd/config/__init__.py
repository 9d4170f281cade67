"""The configuration: what a user may write, read with the place of every mistake, checked, and typed."""

from alertd.config.defaults import default_text, write_default
from alertd.config.loading import FILES, SETTINGS_FILE, WATCHLIST_FILE, Configuration, load
from alertd.config.models import (
    ArchiveSettings,
    FeedDefaults,
    FeedSettings,
    LogSettings,
    OperatorSettings,
    RedisSettings,
    Settings,
    SlackSettings,
    StoreSettings,
    StorySettings,
    TaggingSettings,
    WebSettings,
)
from alertd.config.schema import json_schemas
from alertd.config.watchlist import GroupSettings, RuleDefaults, RuleSettings, WatchedCompany, Watchlist

__all__ = [
    "FILES",
    "SETTINGS_FILE",
    "WATCHLIST_FILE",
    "ArchiveSettings",
    "Configuration",
    "FeedDefaults",
    "FeedSettings",
    "GroupSettings",
    "LogSettings",
    "OperatorSettings",
    "RedisSettings",
    "RuleDefaults",
    "RuleSettings",
    "Settings",
    "SlackSettings",
    "StoreSettings",
    "StorySettings",
    "TaggingSettings",
    "WatchedCompany",
    "Watchlist",
    "WebSettings",
    "default_text",
    "json_schemas",
    "load",
    "write_default",
]
