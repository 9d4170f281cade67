"""`python -m benchmarks NAME [--tiny]`."""

import sys

from benchmarks import main

sys.exit(main())
