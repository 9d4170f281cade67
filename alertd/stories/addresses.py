"""Canonical addresses: two links to one page become one string. By maintained lists, never by a guess."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from urllib.parse import SplitResult, parse_qsl, unquote, urlencode, urlsplit

_MAX = 2_048
_HOPS = 3

# Names that say where a reader came from and never which page is meant.
_TRACKING = re.compile(
    r"(?:utm|mc|mkt|hsa|pk|piwik|mtm|ns|at|vero|oly|_hs|ito)_\w+|_hsenc|_hsmi|fbclid|gclid|gclsrc|gbraid|wbraid|dclid|"
    r"msclkid|yclid|twclid|ttclid|igshid|igsh|li_fat_id|cmpid|cmp|ncid|ftag|ftcamp|guccounter|guce_referr\w+|xtor|s_cid|"
    r"icid|smid|smtyp|sref|srnd|traffic_source|__twitter_impression|__source|taid|partner|mod|siteid|yptr|tsrc|feedtype|"
    r"feedname|rss|rssid|ocid|cvid|soc_src|soc_trk|ref|referrer|refsrc|ref_src|ref_url|cid|campaign_id|amp|"
    r"outputtype|output|sh|share|smprod|via|wt\.mc_id|wt_mc|int_cid|cx_\w+|reflink|reflink_\w+|page_source|leadsource",
    re.IGNORECASE,
)
# Of the names above these mean tracking only with such values; elsewhere they choose the page.
_ONLY_WITH = {
    "amp": re.compile(r"|1|true", re.IGNORECASE),
    "outputtype": re.compile(r"amp", re.IGNORECASE),
    "output": re.compile(r"amp", re.IGNORECASE),
    "cid": re.compile(r".*[a-z_:|].*", re.IGNORECASE),
    "ref": re.compile(r"(?!\d+$).*"),
    "share": re.compile(r"\D*"),
    "via": re.compile(r"\D*"),
    "sh": re.compile(r"[0-9a-f]{8,}", re.IGNORECASE),
    "rss": re.compile(r"|1|yes|true", re.IGNORECASE),
    "mod": re.compile(r"\D.*"),
    "partner": re.compile(r"\D.*"),
}

# Links whose target is a parameter of their own: host → names that may hold it.
_WRAPPERS = {
    "google.com": ("url", "q"),
    "news.google.com": ("url",),
    "bing.com": ("url",),
    "news.yahoo.com": ("u",),
    "r.search.yahoo.com": ("ru",),
    "facebook.com": ("u",),
    "l.facebook.com": ("u",),
    "lm.facebook.com": ("u",),
    "l.instagram.com": ("u",),
    "linkedin.com": ("url",),
    "out.reddit.com": ("url",),
    "t.umblr.com": ("z",),
    "youtube.com": ("q",),
    "slack-redir.net": ("url",),
    "redirect.viglink.com": ("u",),
    "go.redirectingat.com": ("url",),
    "go.skimresources.com": ("url",),
    "duckduckgo.com": ("uddg",),
    "apple.news": ("url",),
    "feedproxy.google.com": ("url",),
    "safelinks.protection.outlook.com": ("url",),
    "urldefense.proofpoint.com": ("u",),
}
_WRAPPER_PATHS = {"google.com": ("/url",), "youtube.com": ("/redirect",), "facebook.com": ("/l.php",),
                  "linkedin.com": ("/redir/redirect", "/safety/go"), "bing.com": ("/news/apiclick.aspx",),
                  "duckduckgo.com": ("/l/", "/l")}  # fmt: skip

# Links that hold a token instead of a page: matched by source and title only.
_SHORTENERS = (
    r"(?:t\.co|bit\.ly|ow\.ly|buff\.ly|dlvr\.it|tinyurl\.com|reut\.rs|bloom\.bg|on\.ft\.com|on\.wsj\.com|cnb\.cx|"
    r"nyti\.ms|goo\.gl|trib\.al|lnkd\.in|ift\.tt|feeds?\.feedburner\.com|feedproxy\.google\.com)"
)
_OPAQUE = re.compile(
    rf"news\.google\.com/(?:rss/)?(?:articles|read|__i/rss/rd/articles)/|{_SHORTENERS}/", re.IGNORECASE
)
_OPAQUE_HOST = re.compile(rf"news\.google\.com|{_SHORTENERS}")
# Hosts whose links may hold another one.
_DEPENDING = (".cdn.ampproject.org", "safelinks.protection.outlook.com", "yahoo.com")

# A prefix of the host that only chooses a layout of the same page.
_LAYOUT = re.compile(r"^(?:www\d?|m|mobile|mobil|amp|touch|wap|edition\.m)\.(?=[^.]+\..)", re.IGNORECASE)
_AMP_CACHE = re.compile(r"^/(?:c|v|i)/(?:s/)?(?P<target>[^/]+\..+)$")
_AMP_VIEWER = re.compile(r"^/amp/(?:s/)?(?P<target>[^/]+\..+)$")
_AMP_TAIL = re.compile(r"(?:/amp|\.amp|/amp\.html|\.amp\.html)$", re.IGNORECASE)
_SLASHES = re.compile(r"/{2,}")
_INDEX = re.compile(r"/index\.(?:html?|php|aspx?)$", re.IGNORECASE)
# What most links are: a host and a path, nothing in them that any of the rules here would touch.
_PLAIN = re.compile(r"https?://(?P<host>[a-z0-9-]+(?:\.[a-z0-9-]+)+)(?P<path>(?:/[A-Za-z0-9_.~%+,=-]+)+)")
# Fragments that single-page sites use as the address itself.
_ROUTE = re.compile(r"^!?/")


def canonical(url: str) -> str:
    """Return the address of the page that a link leads to, in a form equal for all links to it.

    Tracking parameters, AMP and mobile forms, fragments, scheme, `www.`, default ports, trailing slashes and redirect
    wrappers that carry their target are removed. The result has no scheme and is a key, not a link.

    Returns:
        "" for no link, a link that names no page of its own (a site's front page) and an opaque one (a short link or
        Google News token, whose target only its server knows).
    """
    if (plain := _PLAIN.fullmatch(url)) and len(url) <= _MAX:
        site, low = _site(plain["host"]), plain["path"].lower()
        if site and "amp" not in low and "/index." not in low:
            return site + plain["path"]
    url = url.encode("utf-8", "replace").decode()  # half surrogates, out of JSON, are no text
    for _ in range(_HOPS):
        # an address has no blanks, but feeds break lines in them, and wrappers write them as they like
        parts = _split("".join(url.split()))
        if parts is None:
            return ""
        if not (target := _target(parts)):
            key = _key(parts)
            # without what was taken away it may be a wrapper
            inside = _split(f"https://{key}") if key else None
            if inside is None or not (target := _target(inside)):
                return key
        url = target
    return ""


@lru_cache(maxsize=4_096)
def _site(host: str) -> str:
    """What stands for a host in a key, "" where it depends on the rest of the link."""
    bare = host.removeprefix("www.")
    if bare in _WRAPPERS or bare.endswith(_DEPENDING) or bare.startswith("google.") or _OPAQUE_HOST.fullmatch(bare):
        return ""
    return _settled(host, _plain_host)


def _split(url: str) -> SplitResult | None:
    if not url or len(url) > _MAX:
        return None
    try:
        parts = urlsplit(url if "//" in url[:10] else f"https://{url}")
        _ = parts.port
    except ValueError:
        return None
    host = (parts.hostname or "").strip(".")
    if parts.scheme.lower() not in ("http", "https") or not host or "[" in host or "]" in host:
        return None
    return parts


def _target(parts: SplitResult) -> str:
    """The link inside a wrapper or an AMP cache, or ""."""
    host = (parts.hostname or "").removeprefix("www.")
    path = _SLASHES.sub("/", parts.path)
    if host.endswith(".cdn.ampproject.org") and (found := _AMP_CACHE.match(path)):
        return _inner(found, parts)
    if host.startswith("google.") and (found := _AMP_VIEWER.match(path)):
        return _inner(found, parts)
    if ".safelinks.protection.outlook.com" in f".{host}":
        host = "safelinks.protection.outlook.com"
    if names := _WRAPPERS.get(host):
        if (paths := _WRAPPER_PATHS.get(host)) and parts.path not in paths:
            return ""
        for name, value in parse_qsl(parts.query):
            if name in names and value.lower().startswith(("http://", "https://")):
                return value
    if host.endswith("yahoo.com") and "/RU=" in parts.path:
        return unquote(parts.path.split("/RU=", 1)[1].split("/", 1)[0])
    return ""


def _inner(found: re.Match[str], parts: SplitResult) -> str:
    return f"https://{found['target']}" + (f"?{parts.query}" if parts.query else "")


def _key(parts: SplitResult) -> str:
    host = (parts.hostname or "").rstrip(".")
    host = f"[{host}]" if ":" in host else host
    if _OPAQUE.match(f"{host.removeprefix('www.')}{parts.path}"):
        return ""
    host = _settled(host, _plain_host)
    path = _settled(_SLASHES.sub("/", parts.path), _plain_path)
    pairs = sorted(p for p in parse_qsl(parts.query, keep_blank_values=True) if not _is_tracking(*p))
    query = urlencode(pairs)
    route = parts.fragment if _ROUTE.match(parts.fragment) else ""
    if not path and not query and not route:
        return ""
    port = f":{parts.port}" if parts.port not in (None, 80, 443) else ""
    return f"{host}{port}{path}" + (f"?{query}" if query else "") + (f"#{route}" if route else "")


def _plain_host(host: str) -> str:
    return _LAYOUT.sub("", host)


def _plain_path(path: str) -> str:
    path = _INDEX.sub("", _AMP_TAIL.sub("", path.rstrip("/"))).rstrip("/")
    return path.removeprefix("/amp") if path.startswith("/amp/") else path


def _settled(text: str, step: Callable[[str], str]) -> str:
    """Take away again and again, so that the key of a key is itself."""
    while (after := step(text)) != text:
        text = after
    return text


def _is_tracking(name: str, value: str) -> bool:
    if not _TRACKING.fullmatch(name):
        return False
    only = _ONLY_WITH.get(name.lower())
    return only is None or only.fullmatch(value) is not None
