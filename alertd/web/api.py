"""The JSON addresses of the page: one table says what there is, handlers join views, acts and the live stream."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Final

from aiohttp import web

from alertd.errors import AlertdError
from alertd.stages.context import Context
from alertd.store.connection import TROUBLE
from alertd.tagging.gazetteer import Gazetteer
from alertd.web import answers
from alertd.web.access import Access
from alertd.web.acting import Acting
from alertd.web.asking import LARGEST, Query, RequestError, body_of
from alertd.web.health import HealthCheck
from alertd.web.live import Live
from alertd.web.looking import Looking
from alertd.web.openapi import Address, document
from alertd.web.operating import Operating

logger = logging.getLogger(__name__)

_LIMIT: Final = {"limit": "Most items, 1 to 200."}
_AFTER: Final = {"after": "`after` of the answer before, for what follows it."}

ADDRESSES: Final = (
    Address(
        "GET", "/api/now", "Decided articles, the latest first; each answer looks back for a bounded time.",
        answers.Now,
        {
            **_LIMIT, **_AFTER, "q": "Words in title, summary or outlet; all of them.",
            "company": "Key, symbol or name of a company.", "event": "A type of event.", "feed": "Name of a feed.",
            "mood": "negative, neutral or positive: of the company if one is given, else of the article.",
            "only": "`news` leaves out copies and further reports.",
        },
    ),
    Address("GET", "/api/live", "Articles and alerts as they come (server-sent events `article`, `alert`, `away`, "
            "`back`, `gap`, `slow`); `Last-Event-ID` resumes.", None, {"last": "The same as `Last-Event-ID`."}),
    Address(
        "GET", "/api/alerts", "Delivered alerts, the latest first.", answers.Alerts,
        {**_LIMIT, "before": "`before` of the answer before.", "rule": "Name of a rule.", "q": "Words; all of them."},
    ),
    Address("GET", "/api/alerts/{key}", "An alert with its message as Slack shows it, and its thread.",
            answers.ShownAlert, {}, None, (404,)),
    Address("GET", "/api/stories", "Stories, those with the latest article first.", answers.Stories,
            {**_LIMIT, **_AFTER, "outlets": "Only those that so many outlets carry."}),
    Address("GET", "/api/stories/{id}", "A story with its timeline, by its id or that of one of its articles.",
            answers.ToldStory, {}, None, (404,)),
    Address("GET", "/api/companies", "Companies of the watchlist, and those of whom most was said.",
            answers.Companies, {**_LIMIT, "q": "Symbol or name.", "days": "Days that count, 1 to 7."}),
    Address("GET", "/api/companies/{company}/series", "Volume and sentiment of a company over time, with its events.",
            answers.Series, {"hours": "Length, 6 to 720."}, None, (404,)),
    Address("GET", "/api/watchlist", "The rules in force, their alerts a day, and how they do.", answers.Watchlist, {}),
    Address("POST", "/api/explain", "What every rule says of an article or of a text; nothing is kept.",
            answers.Explanation, {}, answers.AskExplain, (403, 404)),
    Address("POST", "/api/replay", "What the rules in force would tell of an article; nothing is posted.",
            answers.Replay, {}, answers.AskReplay, (403, 404)),
    Address("GET", "/api/silences", "Silences that hold, and those that ended within a week.", answers.Silences, {}),
    Address("POST", "/api/silences", "Hold alerts back for a while.", answers.Done, {}, answers.AskSilence, (403,)),
    Address("DELETE", "/api/silences/{id}", "End a silence.", answers.Done, {}, None, (403, 404)),
    Address("GET", "/api/feeds", "How the feeds do, those that fail first.", answers.Feeds,
            {**_LIMIT, "after": "`after` of the answer before.", "q": "A part of name or address."}),
    Address("GET", "/api/system", "How alertd itself does.", answers.SystemState, {}),
    Address("POST", "/api/dead/{id}/replay", "Put a dead letter back on its way, once its cause is gone.",
            answers.Moved, {}, None, (403, 404, 409)),
    Address("POST", "/api/session", "Sign a browser in by the token.", answers.Done, {}, answers.AskSession, (403,)),
    Address("DELETE", "/api/session", "Sign it out.", answers.Done, {}, None, (403,)),
)  # fmt: skip
"""All addresses; /api/openapi.json describes them."""

OPENAPI: Final = "/api/openapi.json"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Api:
    """Answers the addresses.

    Args:
        context: what stages share.
        gazetteer: the companies.
        health: of this process.
        access: who may do what.
    """

    def __init__(self, context: Context, gazetteer: Gazetteer, health: HealthCheck, access: Access) -> None:
        metrics = context.metrics
        self.live = Live(context.store, metrics.page_clients.set, metrics.page_dropped.inc)
        self._looking = Looking(context)
        self._operating = Operating(context)
        self._acting = Acting(context, gazetteer)
        self._health = health
        self._access = access
        self._described = json.dumps(document(ADDRESSES)).encode()

    def add_to(self, application: web.Application) -> None:
        """Add the addresses to an application."""
        looking, operating, acting = self._looking, self._operating, self._acting
        handlers: dict[tuple[str, str], Handler] = {
            ("GET", "/api/now"): self._seen(looking.now),
            ("GET", "/api/live"): self.live.serve,
            ("GET", "/api/alerts"): self._seen(looking.alerts),
            ("GET", "/api/alerts/{key}"): self._one("key", looking.alert),
            ("GET", "/api/stories"): self._seen(looking.stories),
            ("GET", "/api/stories/{id}"): self._one("id", looking.story),
            ("GET", "/api/companies"): self._seen(looking.companies),
            ("GET", "/api/companies/{company}/series"): self._series,
            ("GET", "/api/watchlist"): self._seen(operating.watchlist),
            ("POST", "/api/explain"): self._asked(answers.AskExplain, acting.explain),
            ("POST", "/api/replay"): self._asked(answers.AskReplay, acting.replay),
            ("GET", "/api/silences"): self._seen(lambda _: acting.silences()),
            ("POST", "/api/silences"): self._asked(answers.AskSilence, acting.silence),
            ("DELETE", "/api/silences/{id}"): self._one("id", acting.expire),
            ("GET", "/api/feeds"): self._seen(operating.feeds),
            ("GET", "/api/system"): self._system,
            ("POST", "/api/dead/{id}/replay"): self._one("id", acting.put_back),
            ("POST", "/api/session"): self._sign_in,
            ("DELETE", "/api/session"): self._sign_out,
        }
        for address in ADDRESSES:
            application.router.add_route(
                address.method, address.path, _told(handlers[address.method, address.path])
            )  # fmt: skip
        application.router.add_get(OPENAPI, self._openapi)
        application.on_shutdown.append(self._close)

    async def _close(self, _: web.Application) -> None:
        await self.live.close()

    def _seen(self, view: Callable[[Query], Awaitable[dict[str, Any]]]) -> Handler:
        async def handler(request: web.Request) -> web.Response:
            return _json(await view(Query(request.query)))

        return handler

    def _one(self, name: str, view: Callable[[str], Awaitable[dict[str, Any]]]) -> Handler:
        async def handler(request: web.Request) -> web.Response:
            return _json(await view(request.match_info[name][:200]))

        return handler

    def _asked(self, model: type[Any], act: Callable[[Any], Awaitable[dict[str, Any]]]) -> Handler:
        async def handler(request: web.Request) -> web.Response:
            return _json(await act(await body_of(request, model)))

        return handler

    async def _series(self, request: web.Request) -> web.Response:
        return _json(await self._looking.series(request.match_info["company"][:200], Query(request.query)))

    async def _system(self, _: web.Request) -> web.Response:
        return _json(await self._operating.system(await self._health(), self.live.clients))

    async def _sign_in(self, request: web.Request) -> web.Response:
        asked = await body_of(request, answers.AskSession)
        if not self._access.right(asked.token):
            await self._access.slowed()
            raise RequestError("this is not the token", hint="it is web.token of alertd.yaml", status=401)
        return self._access.signed_in(_json({"id": "session"}), secure=request.secure)

    async def _sign_out(self, _: web.Request) -> web.Response:
        return self._access.signed_out(_json({"id": "session"}))

    async def _openapi(self, _: web.Request) -> web.Response:
        return web.Response(body=self._described, content_type="application/json")


def _json(answer: dict[str, Any]) -> web.Response:
    text = json.dumps(answer, ensure_ascii=False, separators=(",", ":"))
    return web.Response(body=text.encode("utf-8", "replace"), content_type="application/json", charset="utf-8")


def _told(handler: Handler) -> Handler:
    """Tell in words why something was not done."""

    async def told(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except RequestError as error:
            return web.json_response({"error": error.what, "hint": error.hint}, status=error.status)
        except AlertdError as error:
            return web.json_response({"error": str(error.what), "hint": error.hint}, status=409)
        except TROUBLE as error:
            logger.info("%s could not be answered: %s", request.path, type(error).__name__)
            said = {
                "error": "alertd cannot reach its store (Redis)",
                "hint": "it tries again by itself, and so does this page; the log of alertd says why",
            }
            return web.json_response(said, status=503)
        except web.HTTPRequestEntityTooLarge:
            return web.json_response({"error": f"the body is larger than {LARGEST:,} bytes", "hint": ""}, status=413)
        except Exception:
            logger.exception("%s failed", request.path)
            said = {"error": "alertd failed to answer this", "hint": "its log has the error; please report it"}
            return web.json_response(said, status=500)

    return told
