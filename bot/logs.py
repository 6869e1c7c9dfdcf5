"""Logs: a fixed event name and a few fields, never a patient's words, names or numbers."""

import logging
import sys
from pathlib import Path
from traceback import extract_tb

import structlog

_FRAMES = 6


def set_up(level: str, form: str) -> None:
    """Log to standard error as `form` says: "console", "json", or "auto"."""
    console = form == "console" or (form == "auto" and sys.stderr.isatty())
    renderer = structlog.dev.ConsoleRenderer() if console else structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.StackInfoRenderer(),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Quiet())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)


class _Quiet(logging.Formatter):
    """Which library complains, and where: never in its words, for they may be a patient's."""

    def format(self, record: logging.LogRecord) -> str:
        """Return level, logger, and of an error its kind and the lines it came through."""
        told = f"{record.levelname} {record.name} {record.module}:{record.lineno}"
        if not record.exc_info or record.exc_info[0] is None:
            return told
        kind, _, trace = record.exc_info
        lines = [f"{Path(f.filename).name}:{f.lineno}" for f in extract_tb(trace)[-_FRAMES:]]
        return f"{told} {kind.__name__} at {' > '.join(lines)}"
