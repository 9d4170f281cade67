"""Slack's error codes: whether the message may have been taken, and what to do about each.

Codes: docs.slack.dev/reference/methods/chat.postMessage, chat.update, conversations.history, conversations.list.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Literal

from slack_sdk.errors import SlackApiError

from alertd.errors import PostError
from alertd.slack.escape import clean
from alertd.slack.limits import problems
from alertd.slack.message import Message

Kind = Literal["rate_limited", "refused", "doubt", "unreachable"]

_TOKEN = "copy the bot token again from the app's page and restart alertd; reinstall the app if it was removed"  # noqa: S105
_ADMIN = "ask a workspace administrator: a setting forbids this"
_BUG = "this is a fault of alertd: please report it with this line"
_WAIT = "nothing: alertd waits and tries again"
_CONNECTION_HINT = "alertd keeps the message and tries again; check the network and slack.base_url"
_RETRY_AFTER = 10.0
_LONGEST_PAUSE = 3_600.0
_LOOK = "nothing: alertd looks whether the message is there before it posts again"

HINTS: dict[str, str] = {
    "account_inactive": "the app was removed or the workspace closed: reinstall the app and copy its new token",
    "as_user_not_supported": _BUG,
    "cant_update_message": "the message was not posted by this app: it keeps its old counter",
    "channel_is_limited_access": _ADMIN,
    "channel_not_found": "check the channel's name in the configuration; invite the app if the channel is private",
    "channel_not_listed": "name the channel by its id, or add groups:read if it is private and invite the app",
    "channel_type_not_supported": "name a channel or a direct message",
    "cannot_reply_to_message": "the thread's first message takes no replies: the next alert opens a new one",
    "edit_window_closed": "the workspace forbids late edits: the message keeps its old counter",
    "ekm_access_denied": _ADMIN,
    "enterprise_is_restricted": _ADMIN,
    "fatal_error": _LOOK,
    "internal_error": _LOOK,
    "invalid_auth": _TOKEN,
    "invalid_arg_name": _BUG,
    "invalid_arguments": _BUG,
    "invalid_array_arg": _BUG,
    "invalid_blocks": _BUG,
    "invalid_blocks_format": _BUG,
    "invalid_charset": _BUG,
    "invalid_cursor": _BUG,
    "invalid_form_data": _BUG,
    "invalid_json": _BUG,
    "invalid_metadata_format": _BUG,
    "invalid_metadata_schema": _BUG,
    "invalid_post_type": _BUG,
    "invalid_ts_latest": _BUG,
    "invalid_ts_oldest": _BUG,
    "is_archived": "unarchive the channel, or name another one in the configuration",
    "is_inactive": "the thread is frozen: the next alert opens a new one",
    "json_not_object": _BUG,
    "message_limit_exceeded": "the workspace's message limit is reached: ask an administrator",
    "message_not_found": "the message was deleted: nothing to do",
    "messages_tab_disabled": "switch on the messages tab of the app, or name a channel",
    "metadata_must_be_sent_from_app": "use the token of an app, not of a user",
    "metadata_too_large": _BUG,
    "missing_charset": _BUG,
    "missing_post_type": _BUG,
    "missing_scope": "add the scope in the app's OAuth & Permissions and reinstall the app (see docs/slack-app.md)",
    "msg_blocks_too_long": _BUG,
    "msg_too_long": _BUG,
    "no_permission": "give the app the chat:write scope and invite it to the channel",
    "no_text": _BUG,
    "not_allowed_token_type": "use the bot token of the app (xoxb-…)",
    "not_authed": "set slack.token or slack.token_file",
    "not_in_channel": "invite the app: /invite @alertd in that channel",
    "org_login_required": "the workspace is being moved to an organisation: wait until that is done",
    "ratelimited": _WAIT,
    "rate_limited": _WAIT,
    "request_timeout": _WAIT,
    "restricted_action": _ADMIN,
    "restricted_action_non_threadable_channel": _ADMIN,
    "restricted_action_read_only_channel": "only some people may post in that channel: name another one",
    "restricted_action_thread_locked": "the thread is locked: the next alert opens a new one",
    "restricted_action_thread_only_channel": "that channel takes replies only: name another one",
    "service_unavailable": _WAIT,
    "team_access_not_granted": "install the app in that workspace",
    "team_added_to_org": "the workspace is being moved to an organisation: wait until that is done",
    "team_not_found": _TOKEN,
    "thread_not_found": "the thread's first message was deleted: the next alert opens a new one",
    "token_expired": _TOKEN,
    "token_revoked": _TOKEN,
    "too_many_attachments": _BUG,
    "two_factor_setup_required": _ADMIN,
    "access_denied": _ADMIN,
    "accesslimited": _ADMIN,
    "access_limited": _ADMIN,
}
"""What to do about each code."""

_KINDS: Mapping[str, Kind] = {
    "ratelimited": "rate_limited",
    "rate_limited": "rate_limited",
    "fatal_error": "doubt",  # "some aspect of the operation" may have "succeeded", say Slack's docs of both
    "internal_error": "doubt",
    "request_timeout": "unreachable",  # the body arrived truncated: nothing was done
    "service_unavailable": "unreachable",
    "team_added_to_org": "unreachable",
    "org_login_required": "unreachable",
}


_UNREADABLE = frozenset(
    ["channel_not_listed", "history_too_long", "missing_scope", "no_permission", "not_allowed_token_type"]
)
_THREAD = frozenset(
    ["cannot_reply_to_message", "is_inactive", "message_not_found", "restricted_action_non_threadable_channel",
     "restricted_action_thread_locked", "thread_not_found"]
)  # fmt: skip


def kind_of(code: str) -> Kind:
    """Whether a message that got this code may have been taken."""
    return _KINDS.get(code, "refused")


def hint_of(code: str) -> str:
    """What to do about a code, also about one that is not listed."""
    return HINTS.get(code, "see this code at docs.slack.dev/reference/methods/chat.postMessage")


def is_ours(code: str) -> bool:
    """Whether a code blames the message itself, so that others to the same channel may go through."""
    return HINTS.get(code) == _BUG


def is_unreadable(code: str) -> bool:
    """Whether a code says that history cannot be read with this token, now and later."""
    return code in _UNREADABLE


def is_of_thread(code: str) -> bool:
    """Whether a code blames the thread that a reply goes to, and not the channel."""
    return code in _THREAD


def refusal(error: SlackApiError, where: str) -> PostError:
    """Name an answer that is no success.

    Args:
        error: as the SDK raises it; its text is not used, for it holds the whole answer.
        where: the channel, or the method when there is none.
    """
    response = error.response  # the SDK's, or aiohttp's when the body was unreadable
    status = int(getattr(response, "status_code", 0) or getattr(response, "status", 0))
    data = getattr(response, "data", None)
    code = clean(str(data.get("error") or ""))[:80] if isinstance(data, Mapping) else ""
    if status == 429 or kind_of(code) == "rate_limited":
        pause = pause_of(response.headers.get("Retry-After", ""))
        return PostError(
            f"Slack asks to wait {pause:g} s", where=where, hint=hint_of("ratelimited"), kind="rate_limited",
            code=code or "ratelimited", retry_after=pause,
        )  # fmt: skip
    if code and status < 500:
        needed = clean(str(data.get("needed") or ""))[:200] if isinstance(data, Mapping) else ""
        what = f"Slack answers {code}" + (f", it needs {needed}" if needed else "")
        return PostError(what, where=where, hint=hint_of(code), kind=kind_of(code), code=code)
    if status >= 500 or status == 408 or status < 300:
        # a gateway may answer this after the message went through
        return PostError(
            f"Slack answers HTTP {status} without a verdict", where=where, hint=_LOOK, kind="doubt",
            code=code or f"http_{status}",
        )  # fmt: skip
    return PostError(
        f"HTTP {status} where Slack should be", where=where, hint="check slack.base_url and the proxy", kind="refused",
        code=f"http_{status}",
    )  # fmt: skip


def lost(error: Exception, where: str, what: str, kind: Kind) -> PostError:
    """Name a call without an answer.

    Args:
        error: what the network library raised; only its type is said, for its text may hold addresses.
        where: the channel, or the method when there is none.
        what: what happened, in words.
        kind: whether the message may have been taken.
    """
    hint = {"doubt": _LOOK, "refused": "write it like https://slack.com/api/"}.get(kind, _CONNECTION_HINT)
    return PostError(f"{what}: {type(error).__name__}", where=where, hint=hint, kind=kind)


def pause_of(value: str) -> float:
    """Seconds that a `Retry-After` asks for, within bounds; a guess where it says nothing."""
    try:
        seconds = float(value)
    except ValueError:
        return _RETRY_AFTER
    return min(max(seconds, 0.0), _LONGEST_PAUSE) if math.isfinite(seconds) else _RETRY_AFTER


def refuse_invalid(channel: str, message: Message) -> None:
    """Refuse a message that Slack would refuse, before it is sent.

    Raises:
        PostError: `refused`, with the code that Slack would answer.
    """
    for problem in problems(message.text, message.blocks, message.metadata):
        raise PostError(
            f"the message is beyond Slack's limits: {problem.where}: {problem.what}",
            where=channel,
            hint=hint_of(problem.code),
            code=problem.code,
        )
