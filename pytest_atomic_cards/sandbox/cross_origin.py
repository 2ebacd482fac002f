"""CORS: lets pages of any site call a served sandbox, but not its controls.

Source: Fetch standard › HTTP extensions › CORS protocol.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pytest_atomic_cards.sandbox.control_endpoint import PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_ANY_ORIGIN: Final = ("Access-Control-Allow-Origin", "*")
_PREFLIGHT: Final = (
    _ANY_ORIGIN,
    ("Access-Control-Allow-Methods", "GET, PUT, POST"),
    ("Access-Control-Allow-Headers", "Authorization, Content-Type"),  # "*" leaves out the first
    ("Access-Control-Max-Age", "600"),
    ("Content-Length", "0"),
)


class CrossOrigin:
    """An application whose responses a browser shows to pages of any site.

    Args:
        app: The application.
    """

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Respond to a preflight request, or add the header to the response of the application."""
        if environ.get("PATH_INFO", "").startswith(PREFIX):
            return self._app(environ, start_response)
        if "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in environ:
            start_response("200 OK", [*_PREFLIGHT])
            return [b""]

        def allow(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:  # noqa: ANN401
            return start_response(status, [*headers, _ANY_ORIGIN], *more)

        return self._app(environ, allow)
