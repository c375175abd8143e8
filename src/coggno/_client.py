"""The client: settings, copies with other settings, and `send` for what the methods do not name."""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Concatenate, NoReturn, ParamSpec, Self, TypeVar

import attrs

from coggno import _config
from coggno._config import Decoding, Timeout
from coggno._engines import HttpClient, engine_for
from coggno._protocol.operation import UNSET, Request, Send, Unset
from coggno._resources import Companies, Documents, Groups, Users
from coggno._session import AroundCall, Backoff, OnExchange, OnRequest, Response, Session
from coggno.errors import ConfigurationError, InvalidRequestError

T = TypeVar("T")
P = ParamSpec("P")


class Client:
    """What `AsyncCoggno` is made of: everything but the calls that stand above the client, such as `provision`."""

    def __init__(
        self,
        api_key: str | None = None,
        *,
        base_url: str | None = None,
        lms: int | str | None = None,
        timeout: float | Timeout | None = Timeout(),  # noqa: B008 - frozen
        max_retries: int = 3,
        deadline: float | None = None,
        http_client: HttpClient | None = None,
        max_connections: int = 50,
        max_response_bytes: int = _config.MAX_RESPONSE_BYTES,
        headers: Mapping[str, str] | None = None,
        decoding: Decoding = "tolerant",
        backoff: Backoff | None = None,
        on_request: OnRequest | None = None,
        on_exchange: OnExchange | None = None,
    ) -> None:
        config = _config.make_config(
            api_key=api_key if api_key is not None else os.environ.get("COGGNO_API_KEY"),
            base_url=base_url if base_url is not None else os.environ.get("COGGNO_BASE_URL"),
            lms=lms,
            timeout=timeout,
            max_retries=max_retries,
            deadline=deadline,
            max_response_bytes=max_response_bytes,
            headers=headers,
            decoding=decoding,
        )
        _check_hooks(on_request=on_request, on_exchange=on_exchange)
        if backoff is not None and not callable(backoff):
            raise ConfigurationError(
                f"backoff must be one of tenacity's wait strategies, or a function, not {backoff!r}"
            )
        size = _config.check_count("max_connections", max_connections)
        engine = engine_for(http_client, base_url=config.base_url, max_connections=size)
        if sys.flags.dev_mode or "tracemalloc" in sys.modules:
            engine.made_at = _callers_line()
        session = Session(config=config, engine=engine, backoff=backoff, on_request=on_request, on_exchange=on_exchange)
        self._init(session, owner=True)

    def _init(self, session: Session, *, owner: bool) -> None:
        self._session = session
        self._is_owner = owner
        self.companies = Companies(session)
        self.groups = Groups(session)
        self.users = Users(session)
        self.documents = Documents(session)

    def _observe(self, around_call: AroundCall) -> None:
        """Let an integration wrap the calls of this client and its later copies; hooks of the user stay."""
        self._init(attrs.evolve(self._session, around_call=around_call), owner=self._is_owner)

    def __repr__(self) -> str:
        config = self._session.config
        return f"{type(self).__name__}(base_url={config.base_url!r}, lms={config.lms!r})"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def __enter__(self) -> NoReturn:
        raise TypeError(f"{type(self).__name__} is asynchronous: write `async with`, inside a coroutine")

    def __exit__(self, *_: object) -> None: ...

    async def aclose(self) -> None:
        """Close the connections. On a copy (`as_company`, `with_options`) this does nothing: the original owns them."""
        if self._is_owner:
            await self._session.engine.aclose()

    @property
    def base_url(self) -> str:
        """Where the API is."""
        return self._session.config.base_url

    @property
    def lms(self) -> str | None:
        """Id of the connected company that the client acts for; `None` for that of the key."""
        return self._session.config.lms

    @property
    def mode(self) -> str | None:
        """`"test"` or `"live"`, as the key begins; `None` for a key that begins with neither."""
        prefix = _config.key_mode(self._session.config.secrets[0])
        return None if prefix is None else prefix.rstrip("_")

    @property
    def account(self) -> str:
        """16 hex digits that tell the keys of accounts apart, from which no key can be found out."""
        import hashlib  # loads OpenSSL's digests

        key = self._session.config.secrets[0]
        return hashlib.sha256(f"coggno account {key}".encode()).hexdigest()[:16]

    def derive_key(self, salt: bytes) -> bytes:
        """Return 32 bytes that nobody can compute without the API key, to encrypt what is kept for its other users.

        Args:
            salt: 16 random bytes, which are no secret; kept beside what is encrypted.
        """
        import hashlib

        key = self._session.config.secrets[0]
        # A tenth of a second and 16 MB: a key of a sandbox may be short enough to be guessed.
        return hashlib.scrypt(key.encode(), salt=b"coggno passwords" + salt, n=1 << 14, r=8, p=1, dklen=32)

    def as_company(self, company_id: int | str) -> Self:
        """Return a client that acts for a connected company (reference: Connected accounts).

        It shares the connections and the retry quota; this client is unchanged.

        Args:
            company_id: the company's id, e.g. `Company.id`.

        Raises:
            ConfigurationError: `company_id` cannot be an account id.
        """
        return self._copy(lms=_config.check_lms(company_id))

    def with_options(
        self,
        *,
        timeout: float | Timeout | Unset | None = UNSET,
        max_retries: int | Unset = UNSET,
        deadline: float | Unset | None = UNSET,
        headers: Mapping[str, str] | Unset | None = UNSET,
        decoding: Decoding | Unset = UNSET,
        on_request: OnRequest | Unset | None = UNSET,
        on_exchange: OnExchange | Unset | None = UNSET,
    ) -> Self:
        """Return a client with other options, sharing connections and retry quota; this client is unchanged.

        Args:
            timeout: seconds for an attempt, or a `Timeout`, or `None` for no limit.
            max_retries: how many attempts may follow the first.
            deadline: seconds for a call with all its attempts and pauses, as in `AsyncCoggno`.
            headers: headers to send with every request, in place of those that this client sends.
            decoding: `"tolerant"` or `"strict"`, as in `AsyncCoggno`.
            on_request: called with an `Attempt` before every attempt.
            on_exchange: called with an `Exchange` after every attempt.

        Raises:
            ConfigurationError: an option cannot be used.
        """
        changes: dict[str, Any] = {}
        if timeout is not UNSET:
            changes["timeout"] = Timeout.of(timeout)
        if max_retries is not UNSET:
            changes["max_retries"] = _config.check_retries(max_retries)
        if deadline is not UNSET:
            changes["deadline"] = _config.check_seconds("deadline", deadline)
        if headers is not UNSET:
            changes["headers"] = _config.check_headers(headers)
        if decoding is not UNSET:
            changes["decoding"] = _config.check_decoding(decoding)
        copy = self._copy(**changes)
        given = {"on_request": on_request, "on_exchange": on_exchange}
        hooks: dict[str, Any] = {name: hook for name, hook in given.items() if hook is not UNSET}
        _check_hooks(**hooks)
        copy._init(attrs.evolve(copy._session, **hooks), owner=False)  # noqa: SLF001 - another of us
        return copy

    def _copy(self, **changes: Any) -> Self:
        copy = type(self).__new__(type(self))
        session = attrs.evolve(self._session, config=attrs.evolve(self._session.config, **changes))
        copy._init(session, owner=False)  # noqa: SLF001 - another one of us
        return copy

    async def send(self, request: Request[T]) -> T:
        """Send a request of your own making: the open door for what the methods do not name.

        ```python
        archive = Operation(
            id="archiveGroup", method="POST", path="/api/v1/groups/{group_id}/archive",
            returns=Group, shape="one", retry="never",
        )
        group = await coggno.send(Request(operation=archive, path={"group_id": 3}))
        ```

        Args:
            request: an `Operation` with its values; see `coggno.Request`.

        Returns:
            What the operation declares.

        Raises:
            InvalidRequestError: a value cannot be sent, or this is no `coggno.Request`; nothing was sent.
            APIStatusError: the API refused.
            APIConnectionError: no response.
            DecodeError: a response that is not what the operation declares.
            OutcomeUnknownError: a write that may or may not have been carried out.
        """
        if not isinstance(request, Request):  # pyright: ignore[reportUnnecessaryIsInstance] - callers without a checker
            kind = type(request)
            raise InvalidRequestError(f"send() takes a coggno.Request, not {kind.__module__}.{kind.__qualname__}")
        return await self._session(request)

    async def call(
        self, operation: Callable[Concatenate[Send, P], Awaitable[T]], /, *args: P.args, **kwargs: P.kwargs
    ) -> Response[T]:
        """Call a generated operation and return the value with all that is known of the call.

        ```python
        response = await coggno.call(operations.get_user, 7)
        print(response.status, response.request_id, response.value.login)
        ```

        Args:
            operation: a function of `coggno.operations`, one for each operation of the API.
            args: its arguments after `send`.
            kwargs: its arguments by keyword.

        Returns:
            The value, with status, headers, body, attempts, and whether a lost response had to be settled.

        Raises:
            APIError: as `send`.
        """
        if not callable(operation):  # pyright: ignore[reportUnnecessaryComparison] - callers without a checker
            raise InvalidRequestError("call() takes a function of coggno.operations and its arguments")
        responses: list[Response[Any]] = []

        async def send(request: Request[Any], /) -> Any:
            responses.append(await self._session.respond(request))
            return responses[-1].value

        await operation(send, *args, **kwargs)
        if not responses:
            raise InvalidRequestError("call() takes a function of coggno.operations: this one has sent no request")
        return responses[-1]


def _callers_line() -> str:
    """Return file and line of the code that makes a client; for a warning in development, as asyncio has it."""
    frame = inspect.currentframe()
    if frame is None:  # an interpreter without frames
        return "an unknown line"
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] == "coggno":
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


def _check_hooks(**hooks: object) -> None:
    for name, hook in hooks.items():
        if hook is not None and not callable(hook):
            kind = "Attempt" if name == "on_request" else "Exchange"
            raise ConfigurationError(f"{name} must be a function that takes a coggno.{kind}, asynchronous or not")
