"""The loops poll, tag, decide and notify: they join the rooms and the store, and decide nothing themselves."""
