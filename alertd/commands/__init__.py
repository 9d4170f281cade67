"""The commands, one module a subject. Each imports what it needs when it runs, so that help is there at once."""
