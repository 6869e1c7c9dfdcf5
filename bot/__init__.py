"""Daoyi 导医: the application. `app.py` puts it together; `__main__.py` is the `daoyi` command."""
