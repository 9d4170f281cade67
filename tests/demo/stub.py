"""Stands in for `alertd run` and `alertd status`, so that the demo is tested without a model: STUB says how it behaves.

It alerts on every item that it sees for the first time.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import yaml

from alertd.slack.compose import compose
from alertd.slack.posting import SlackSink
from tests.slack.world import alert

LINK = re.compile(r"<link>(https://[^<]+/[^<]+)</link>")


def read(url: str) -> str:
    try:
        with urlopen(url) as answer:
            return str(answer.read().decode())
    except HTTPError:
        return ""


async def run(folder: Path, behaviour: str) -> int:
    settings = yaml.safe_load((folder / "alertd.yaml").read_text())
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    print(json.dumps({"level": "info", "message": "the stub began"}), file=sys.stderr, flush=True)
    if behaviour == "dies":
        print("Traceback: the stub fell over", file=sys.stderr, flush=True)
        return 3
    sink = SlackSink(settings["slack"]["token"], base_url=settings["slack"]["base_url"])
    seen: set[str] = set()
    while not stop.is_set() or behaviour == "deaf":
        for feed in settings["feeds"]:
            document = await asyncio.to_thread(read, feed["url"])
            for url in set(LINK.findall(document)) - seen:
                seen.add(url)
                if behaviour != "silent":
                    shown = replace(alert(key=url, url=url), destination="#alerts")
                    await sink.post("#alerts", compose(shown, time.time()))
        await asyncio.sleep(0.05)
    await sink.close()
    return 0


def status(behaviour: str) -> int:
    if behaviour == "mute":
        print("the stub does not count", file=sys.stderr)
        return 1
    feeds = [{"name": "tiny", "polls": 7, "failures": 1, "state": "fine"}]
    held = {"too old (9.0 h, the limit is 6.0 h)": 2, "too old (7.0 h, the limit is 6.0 h)": 1}
    print(
        json.dumps(
            {"feeds": feeds, "articles": 3, "copies": 1, "stories": 2, "held": held, "dead": 0, "streams": {"tag": 0}}
        )
    )
    return 0


if __name__ == "__main__":
    command, _, given = sys.argv[1:4]
    asked = os.environ["STUB"]
    sys.exit(asyncio.run(run(Path(given), asked)) if command == "run" else status(asked))
