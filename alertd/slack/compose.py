"""An alert as a Slack message: direction and company, the title as a link, the facts, and in small why it is here.

Whatever came from outside (titles, outlets, names) goes into rich text or plain text, which Slack shows literally:
no title can ping, forge a link or break the layout. The one mrkdwn text is our own date. Only the fallback text is
mrkdwn throughout, and escaped.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby

from alertd.articles import Alert, Article
from alertd.slack import words
from alertd.slack.blocks import HEADER_LIMIT, TEXT_LIMIT
from alertd.slack.buttons import actions
from alertd.slack.escape import clean, date_token, escape, fit, safe_link, split_words, when
from alertd.slack.limits import size, weight
from alertd.slack.message import Block, Message, alert_metadata, digest_metadata

_FALLBACK = 500
_LINE = 450
_TITLE = 1_000
_NAME = 200
_REASON = 2_000
_SENTENCES = 8_000
_DIGEST_WEIGHT = 9_000
_DIGEST_ROWS = 50
_LIST_WEIGHT = 10_500
_LIST_ROWS = 150
_LISTED_TITLE = 200
_DIGEST_MENTIONS = 20
_DIGEST_DATES = "{date_short_pretty} {time}"
_SAYS = {
    "first": "Reported by {}",
    "copy": "{} carries the same text",
    "update": "{} edited its headline",
    "correction": "{} corrects",
    "follow": "New from {}",
    "same_event": "Also reported by {}",
}


def compose(alert: Alert, now: float, *, back: str = "", answers: bool = False) -> Message:
    """The message that says an alert.

    Args:
        alert: a `post`, a `reply` for the thread, or a sentence: of an `operator`, or of a rule that waits for silence.
        now: Unix seconds at which it is posted; the article's age is told from it, so that
            an update of a posted message passes the time of the first post again.
        back: address of the channel's earlier message about the same story, "" for none.
        answers: whether somebody listens to buttons.
    """
    if alert.kind == "operator" or alert.article is None:
        return _operator(alert)
    if alert.kind == "reply":
        return _reply(alert, alert.article, now)
    return _post(alert, alert.article, now, back, answers)


def _post(alert: Alert, article: Article, now: float, back: str, answers: bool) -> Message:
    line = fit(_severe(alert) + words.headline(alert), _LINE)
    head, *more = split_words(line, _LINE, first=HEADER_LIMIT)
    facts = words.facts(alert.company, alert.tags)
    body = [*(_text(f"{piece}\n", bold=True) for piece in more), _title(article, bold=True)]
    if facts:
        body.append(_text(f"\n{facts}"))
    if alert.mentions:
        body.append(_text("\n"))
        body += _mentions(alert.mentions)
    if back:
        said = "Corrects" if alert.placement and alert.placement.relation == "correction" else "Follows"
        body += [_text(f"\n↩ {said} "), {"type": "link", "url": back, "text": "what was told before"}]
    small = (words.sentiment(alert.company, alert.tags), words.novelty(alert), _source(article))
    blocks = [
        {"type": "header", "text": _plain(head)},
        _rich(body),
        _context(
            [" · ".join([*(s for s in small if s), ""]).rstrip(), _dated(article, now), _dot(words.sources(alert))]
        ),
        _context([_because(alert)]),
        *([actions(alert)] if answers else []),
    ]
    said = f"{line}: {_title_text(article)}" + (f" ({facts})" if facts else "")
    return Message(escape(fit(said, _FALLBACK)), tuple(blocks), alert_metadata(alert.key), (alert,))


def _reply(alert: Alert, article: Article, now: float) -> Message:
    relation = alert.placement.relation if alert.placement else "first"
    says = _SAYS[relation].replace("{}", _source(article))
    news = relation in ("follow", "correction", "update")
    facts = words.facts(alert.company, alert.tags) if news else ""
    body = [_text(f"{says}: "), _title(article, bold=False)]
    if facts:
        body.append(_text(f"\n{facts}"))
    why = fit(clean(alert.placement.reason), _NAME) if alert.placement else ""
    blocks = (_rich(body), _context([_dated(article, now), _dot(words.sources(alert)), _dot(why)]))
    said = f"{says}: {_title_text(article)}" + (f" ({facts})" if facts else "")
    return Message(escape(fit(said, _FALLBACK)), blocks, alert_metadata(alert.key), (alert,))


def _operator(alert: Alert) -> Message:
    sentences = _severe(alert) + (clean(alert.text, lines=True) or clean(alert.reason) or "(an empty notice)")
    pieces = split_words(fit(sentences, _SENTENCES), TEXT_LIMIT)
    blocks = [{"type": "section", "text": _plain(piece)} for piece in pieces]
    if alert.mentions:
        blocks.append(_rich(_mentions(alert.mentions)))
    return Message(escape(fit(clean(sentences), _FALLBACK)), tuple(blocks), alert_metadata(alert.key), (alert,))


def compose_digest(alerts: Sequence[Alert], now: float) -> tuple[Message, ...]:
    """Alerts of one channel by company: a table, or mere headlines where a table does not hold all of them.

    Args:
        alerts: what waited, in the order in which it is to be told; each is listed, so each counts as delivered once
            its message is posted.
        now: Unix seconds at which it is posted.

    Returns:
        The messages in order, as few as Slack's limits allow; `Message.keys` says which alerts each one delivers. None
        for no alerts.
    """
    body, pages = _table, _pages(alerts, lambda one, _: weight([{"rows": _row(one)}]), _DIGEST_WEIGHT, _DIGEST_ROWS)
    if len(pages) > 1:
        body, pages = _headlines, _pages(alerts, _listed, _LIST_WEIGHT, _LIST_ROWS)
    return tuple(_page(page, alerts, number, len(pages), now, body) for number, page in enumerate(pages, start=1))


def _pages(
    alerts: Sequence[Alert], cost: Callable[[Alert, bool], int], most: int, rows: int
) -> list[list[Alert]]:  # fmt: skip
    """Part alerts into pages. They keep the order, which severity and arrival give; companies meet within each.

    Args:
        cost: what an alert takes of a page, and whether it is the first there about its company.
        most: what a page holds.
        rows: alerts that a page holds at most.
    """
    pages: list[list[Alert]] = []
    room, there = 0, set[str]()
    for alert in alerts:
        name = _company(alert)
        if not pages or cost(alert, name not in there) > room or len(pages[-1]) == rows:
            pages.append([])
            room, there = most, set()
        pages[-1].append(alert)
        room -= cost(alert, name not in there)
        there.add(name)
    return pages


def _page(
    told: Sequence[Alert], waiting: Sequence[Alert], number: int, pages: int, now: float,
    body: Callable[[Sequence[Alert]], Block],
) -> Message:  # fmt: skip
    page = sorted(told, key=lambda alert: _company(alert).casefold())
    companies = len({_company(a) for a in waiting})
    line = f"{_count(len(waiting), 'alert')} about {_count(companies, 'company', 'companies')}"
    line += f" ({number} of {pages})" if pages > 1 else ""
    oldest = min(a.created for a in waiting)
    span = f"These waited since {date_token(oldest)}, up to {words.age(now - oldest)}, and are told together."
    blocks: tuple[Block, ...] = (
        {"type": "header", "text": _plain(line)},
        {"type": "context", "elements": [{"type": "mrkdwn", "text": span, "verbatim": True}]},
        body(page),
    )
    names = list(dict.fromkeys(_company(a) for a in page))
    pinged = list(dict.fromkeys(name for alert in told for name in alert.mentions))[:_DIGEST_MENTIONS]
    blocks += (_rich(_mentions(pinged)),) if pinged else ()
    said = fit(f"{line}: {', '.join(names)}", _FALLBACK)
    keys = tuple(a.key for a in told)
    own = hashlib.sha256("\n".join(keys).encode()).hexdigest()[:24]
    return Message(escape(said), blocks, digest_metadata(own, keys), tuple(told))


def _table(page: Sequence[Alert]) -> Block:
    head = [_cell_text(name, bold=True) for name in ("Company", "News", "Source", "Time")]
    return {
        "type": "table",
        "column_settings": [{"is_wrapped": True}, {"is_wrapped": True}, {"is_wrapped": True}],
        "rows": [head, *(_row(alert) for alert in page)],
    }


def _headlines(page: Sequence[Alert]) -> Block:
    """Headlines below the names of their companies."""
    sections = []
    for name, alerts in groupby(page, key=_company):
        lines = [piece for alert in alerts for piece in _line_of(alert)]
        sections.append({"type": "rich_text_section", "elements": [_named(name), *lines]})
    return {"type": "rich_text", "elements": sections}


def _listed(alert: Alert, first: bool) -> int:
    """What an alert takes of a page of headlines: its line, and the name of its company where that is not there yet."""
    section = [_rich([_named(_company(alert))])] if first else []
    return size([*section, *_line_of(alert)])


def _named(company: str) -> Block:
    return _text(fit(company, _NAME), bold=True)


def _line_of(alert: Alert) -> list[Block]:
    if alert.article is None:
        said = fit(clean(alert.text) or clean(alert.reason) or "–", _LISTED_TITLE)
        return [_text(f"\n{_severe(alert)}• {said}")]
    mark = words.mark(alert.company, alert.tags)
    return [_text(f"\n{_severe(alert)}{mark} "), _title(alert.article, bold=False, most=_LISTED_TITLE)]


def _row(alert: Alert) -> list[Block]:
    name = fit(_company(alert), _NAME)
    if alert.article is None:
        said = fit(clean(alert.text) or clean(alert.reason) or "–", _TITLE)
        return [_cell_text(name), _cell_text(said), _cell_text("alertd"), _cell([_date(alert.created)])]
    told = (words.events(alert.company, alert.tags), words.facts(alert.company, alert.tags))
    small = " · ".join(t for t in told if t)
    news = [_title(alert.article, bold=False), *([_text(f"\n{small}")] if small else [])]
    source = ", ".join(s for s in (_source(alert.article), words.sources(alert)) if s)
    return [
        _cell_text(f"{_severe(alert)}{words.mark(alert.company, alert.tags)} {name}"),
        _cell(news),
        _cell_text(source),
        _cell([_date(alert.article.entry.published)]),
    ]


def _company(alert: Alert) -> str:
    if alert.company is not None:
        return words.company_name(alert.company) or "unnamed company"
    return "alertd" if alert.article is None else clean(alert.rule) or "other news"


def _count(count: int, one: str, many: str = "") -> str:
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def _title_text(article: Article, most: int = _TITLE) -> str:
    return fit(clean(article.entry.title), most) or "(no title)"


def _title(article: Article, *, bold: bool, most: int = _TITLE) -> Block:
    style = {"style": {"bold": True}} if bold else {}
    link = safe_link(article.entry.url)
    if link:
        return {"type": "link", "url": link, "text": _title_text(article, most), **style}
    return {"type": "text", "text": _title_text(article, most), **style}


def _source(article: Article) -> str:
    return fit(clean(article.entry.source) or clean(article.entry.feed), _NAME) or "an unnamed outlet"


def _because(alert: Alert) -> str:
    reason = fit(clean(alert.reason), _REASON)
    return f"Rule {fit(clean(alert.rule), _NAME) or '(unnamed)'}" + (f": {reason}" if reason else "")


def _dated(article: Article, now: float) -> Block | str:
    """When it was published, in the reader's zone, and how old that was when posted."""
    published = article.entry.published
    token = date_token(published)
    if not token:
        return "no usable date"
    if article.entry.date_source == "fetched":
        return _mrkdwn(f"seen {token}, without a date of its own")
    about = "about " if article.entry.date_source == "unsure" else ""
    return _mrkdwn(f"{about}{token}, {words.age(now - published)} before this message")


def _dot(text: str) -> str:
    return f"· {text}" if text else ""


def _date(seconds: float) -> Block:
    fallback = when(seconds)
    if not fallback:
        return _text("no usable date")
    return {"type": "date", "timestamp": int(seconds), "format": _DIGEST_DATES, "fallback": fallback}


def _plain(text: str) -> Block:
    return {"type": "plain_text", "text": text, "emoji": False}


def _mrkdwn(text: str) -> Block:
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def _text(text: str, *, bold: bool = False) -> Block:
    return {"type": "text", "text": text, **({"style": {"bold": True}} if bold else {})}


def _mentions(names: Sequence[str]) -> list[Block]:
    return [part for position, name in enumerate(names) for part in ([_text(" ")] * bool(position) + [_mention(name)])]


def _severe(alert: Alert) -> str:
    return "‼ " if alert.severity == "high" else ""


def _mention(name: str) -> Block:
    if name in ("here", "channel"):
        return {"type": "broadcast", "range": name}
    if name.startswith("S"):
        return {"type": "usergroup", "usergroup_id": name}
    return {"type": "user", "user_id": name}


def _rich(elements: Sequence[Block]) -> Block:
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": list(elements)}]}


def _cell(elements: Sequence[Block]) -> Block:
    return _rich(elements)


def _cell_text(text: str, *, bold: bool = False) -> Block:
    return _rich([_text(text, bold=True)]) if bold else {"type": "raw_text", "text": text}


def _context(elements: Iterable[Block | str]) -> Block:
    return {"type": "context", "elements": [_plain(e) if isinstance(e, str) else e for e in elements if e]}
