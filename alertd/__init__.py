"""alertd: watches the news for the companies a desk cares about and tells it once, with the reason."""

__version__ = "0.1.0"
