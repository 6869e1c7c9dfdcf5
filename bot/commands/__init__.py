"""The subcommands of `daoyi`, a module a topic. `bot/__main__.py` puts them together."""
