"""What the Bot API says: results, and refusals in its own words."""

import json

from aiohttp import web

JSON_HEADERS = {"Content-Type": "application/json"}  # exactly this, without a charset
COMPACT = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
PREFIXES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    409: "Conflict",
    500: "Internal Server Error",
}


class Refusal(Exception):
    """A request that is not carried out; `description` is what the client reads."""

    def __init__(self, code: int, message: str = "", **parameters: int) -> None:
        prefix = PREFIXES.get(code, "")
        self.code = code
        self.description = f"{prefix}: {message}" if prefix and message else prefix or message
        self.parameters = parameters
        super().__init__(self.description)

    def response(self) -> web.Response:
        """The answer, with the HTTP status that the body names."""
        body: dict[str, object] = {"ok": False, "error_code": self.code, "description": self.description}
        headers = dict(JSON_HEADERS)
        if self.parameters:
            body["parameters"] = self.parameters
        if wait := self.parameters.get("retry_after"):
            headers["Retry-After"] = str(wait)
        return web.Response(status=self.code, body=json.dumps(body).encode(), headers=headers)


def bad_request(message: str, **parameters: int) -> Refusal:
    return Refusal(400, message, **parameters)


def forbidden(message: str) -> Refusal:
    return Refusal(403, message)


def too_many_requests(seconds: int) -> Refusal:
    return Refusal(429, f"Too Many Requests: retry after {seconds}", retry_after=seconds)


class Described:
    """A result of `True` with a sentence beside it, as the webhook's methods give it."""

    def __init__(self, description: str) -> None:
        self.description = description


def success(result: object) -> web.Response:
    """The answer to a request that was carried out."""
    body: dict[str, object] = {"ok": True, "result": result}
    if isinstance(result, Described):
        body = {"ok": True, "result": True, "description": result.description}
    return web.Response(body=COMPACT.encode(body).encode("utf-8", "replace"), headers=JSON_HEADERS)
