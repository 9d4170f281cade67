"""Writes docs/schema/ and the tables of docs/config.md anew: `python -m alertd.config [FOLDER]` in the repository."""

import sys
from pathlib import Path

from alertd.config.schema import publish

if __name__ == "__main__":
    publish(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
