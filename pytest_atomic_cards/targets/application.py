"""An application of this process as a target: WSGI or ASGI, without a socket."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_atomic_cards.sandbox.in_process_adapter import SandboxAdapter
from pytest_atomic_cards.sandbox.server_errors import traceback_to_stderr
from pytest_atomic_cards.support.errors import SettingsError
from pytest_atomic_cards.targets.asgi_adapter import AsgiAdapter

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment
    from requests.adapters import BaseAdapter

Application = Callable[..., Any]
"""A WSGI or an ASGI application."""


def load_application(name: str) -> Application:
    """The application that ``module:attribute`` names, looked up from the current directory too.

    Raises:
        SettingsError: It cannot be imported, or is not an application.
    """
    module, _, attribute = name.partition(":")
    if (here := str(Path.cwd())) not in sys.path:
        sys.path.insert(0, here)
    try:
        found = attrgetter(attribute)(import_module(module))
    except Exception as error:  # noqa: BLE001 - whatever importing the module raises
        raise SettingsError(
            f"--cards-app {name} cannot be imported: {type(error).__name__}: {error}"
        ) from None
    return checked(found, f"--cards-app {name}")


def checked(app: object, source: str) -> Application:
    """An application, once it is one that can be called.

    Args:
        app: The application.
        source: What gave it.

    Raises:
        SettingsError: It cannot be called.
    """
    if not callable(app):
        raise SettingsError(f"{source} must be a WSGI or ASGI application, not {app!r}")
    return app


@contextmanager
def in_process(app: Application) -> Iterator[BaseAdapter]:
    """The transport of an application, started before and shut down after.

    Raises:
        SettingsError: An ASGI application does not start.
    """
    if not _is_asgi(app):
        yield SandboxAdapter(_Caught(app))
        return
    adapter = AsgiAdapter(app)
    try:
        adapter.start()
        yield adapter
    finally:
        adapter.close()


def _is_asgi(app: Application) -> bool:
    """Whether calling an application gives a coroutine. Source: ASGI specification › Applications.

    An instance is one if its class defines ``async def __call__``.
    """
    return inspect.iscoroutinefunction(app) or inspect.iscoroutinefunction(
        getattr(app, "__call__", None)  # noqa: B004 - the method itself
    )


class _Caught:
    """A WSGI application whose exceptions are responses with status 500, as a server gives them."""

    def __init__(self, app: Application) -> None:
        self._app = app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        try:
            chunks = self._app(environ, start_response)
            try:
                return list(chunks)
            finally:
                getattr(chunks, "close", lambda: None)()
        except Exception as error:  # noqa: BLE001 - any
            traceback_to_stderr("exception in the application", error)
            start_response("500 Internal Server Error", [("Content-Type", "text/plain")])
            return [b"the application raised an exception"]
