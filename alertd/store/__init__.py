"""Redis: the server that alertd starts, connections, keys, streams, leases and the Lua scripts."""
