"""alertd: watches the news for the companies a desk cares about and tells it once, with the reason."""

import os

# To be said before numpy is imported: its products here are of a few hundred short rows, for which the threads of
# OpenBLAS do nothing but wait for each other, at the price of a core.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

__version__ = "0.1.0"
