"""The watchlist: what a desk asked for, matched against tagged articles. Pure functions."""
