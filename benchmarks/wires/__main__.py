"""`python -m benchmarks.wires studied|unseen`."""

import sys

from benchmarks.wires import lines

print("\n".join(lines(sys.argv[1])))
