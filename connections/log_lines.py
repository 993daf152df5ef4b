"""One form of log lines for every program: a time with its zone, a level, an event, and fields.

Lines of libraries (uvicorn, the Elasticsearch client) take the same form. Rows' values and secrets are in none.
"""

import logging
import sys
from collections.abc import Mapping
from typing import Any, Literal, TextIO

import msgspec
import structlog
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict
from structlog.typing import EventDict, Processor, WrappedLogger

from connections.settings import PREFIX

OWN = "rowtide"
"""The logger of our own lines; those of libraries appear from warnings on."""
_SERVER = "uvicorn"
_SERVER_PARTS = ("uvicorn.error", "uvicorn.asgi")
"""Loggers to which uvicorn gives a level of their own, if a server of this process was made with one."""
_fields_first = structlog.processors.LogfmtRenderer(bool_as_flag=False)


class LogSettings(BaseSettings):
    """How a program writes its log."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    log_format: Literal["text", "json"] = Field(
        "text", description="Form of log lines on standard error: for people, or one JSON object on each line."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="The least important level that is logged."
    )


def configure_logging(settings: LogSettings, stream: TextIO | None = None, **fields: str) -> None:
    """Log to `stream`, standard error by default. Every line has the `fields`, such as the pipeline's name."""

    def add_fields(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        return {**fields, **event}

    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        add_fields,
    ]
    rendering: list[Processor] = [
        structlog.processors.format_exc_info,
        _json_line if settings.log_format == "json" else _text_line,
    ]
    output = stream or sys.stderr
    handler = logging.StreamHandler(output)
    without_meta = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=[without_meta, *rendering])
    )
    root = logging.getLogger()
    reset_logging()
    root.addHandler(handler)
    root.setLevel(max(level, logging.WARNING))
    for name in (OWN, _SERVER):
        logging.getLogger(name).setLevel(level)
    structlog.configure(
        processors=[*shared, *rendering],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(output),  # Half the time of a line by way of `logging`.
    )


def reset_logging() -> None:
    """Undo `configure_logging`."""
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
    root = logging.getLogger()
    root.handlers = [handler for handler in root.handlers if not _is_ours(handler)]
    root.setLevel(logging.WARNING)
    for name in (OWN, _SERVER, *_SERVER_PARTS):
        logging.getLogger(name).setLevel(logging.NOTSET)


def _is_ours(handler: logging.Handler) -> bool:
    return isinstance(handler.formatter, structlog.stdlib.ProcessorFormatter)


def _json_line(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    head, rest = _head(event)
    return msgspec.json.encode({**head, **rest}, enc_hook=str).decode()


def _text_line(_logger: WrappedLogger, method: str, event: EventDict) -> str:
    head, rest = _head(event)
    trace = rest.pop("exception", "")
    fields = _fields_first(_logger, method, dict(rest))
    line = f"{head['time']} {str(head['level']).upper()} {_one_line(head['event'])}"
    return "\n".join(part for part in (f"{line} {fields}".rstrip(), str(trace)) if part)


def _head(event: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Time, level and event, which come first, and the other fields that have a value."""
    head = ("timestamp", "level", "event")
    rest = {name: value for name, value in event.items() if name not in head and value is not None}
    return {"time": event.get("timestamp"), "level": event.get("level"), "event": event.get("event")}, rest


def _one_line(text: object) -> str:
    return str(text).replace("\n", "\\n")
