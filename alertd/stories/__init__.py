"""Stories: which articles tell the same thing, and what is new in them. Pure functions, no memory of their own."""
