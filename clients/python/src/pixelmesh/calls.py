"""The connection to a mesh: metadata, deadlines and retries of every call."""

from __future__ import annotations

import json
import random
import time
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Callable, Iterable, Iterator, TypeVar

import grpc

from pixelmesh.failures import PixelmeshError, from_rpc_error

T = TypeVar("T")

_FIRST_WAIT_S = 0.1
_MAX_WAIT_S = 2.0
_MAX_MESSAGE_BYTES = 4 * 1024 * 1024 + 64 * 1024


@dataclass(frozen=True)
class Tls:
    """PEM files for calls over TLS. Without `ca_file` the system's CAs are trusted; certificate and key are for a mesh that requires them."""

    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None
    #: Name that the mesh's certificate must have; default: the host of the address.
    server_name: str | None = None


class Backoff:
    """The waits between the tries of an idempotent call: they double from 0.1 to 2 s, and end `retry_timeout_s` after the last success."""

    def __init__(self, retry_timeout_s: float) -> None:
        self._retry_timeout_s = retry_timeout_s
        self.reset()

    def reset(self) -> None:
        """Starts again with the shortest wait, after the call made progress."""
        self._since_s = time.monotonic()
        self._wait_s = _FIRST_WAIT_S

    def wait(self, error: PixelmeshError | None) -> None:
        """Waits before the next try. Raises `error` if a retry cannot help or the time for retries is over."""
        if error is not None and not error.is_retried_by_clients:
            raise error
        after_s = (error.retry_after_s or 0.0) if error is not None else 0.0
        wait_s = max(self._wait_s, after_s)
        if wait_s > self._since_s + self._retry_timeout_s - time.monotonic():
            raise error or PixelmeshError(
                "SERVICE_UNAVAILABLE", "The mesh ended the call repeatedly before it was done"
            )
        # Jitter, so that the clients of a restarted replica do not return all at once.
        time.sleep(wait_s * random.uniform(0.75, 1.25))
        self._wait_s = min(self._wait_s * 2, _MAX_WAIT_S)


class Calls:
    """One connection. Every call goes through `once`, `retried` or `stream`, which raise PixelmeshError."""

    def __init__(
        self,
        address: str,
        *,
        token: str | None,
        tenant: str | None,
        tls: Tls | None,
        timeout_s: float,
        retry_timeout_s: float,
    ) -> None:
        self.timeout_s = timeout_s
        self.retry_timeout_s = retry_timeout_s
        self.metadata: tuple[tuple[str, str], ...] = (
            *((("authorization", f"Bearer {token}"),) if token else ()),
            *((("x-pixelmesh-tenant", tenant),) if tenant else ()),
        )
        config = json.loads(resources.files("pixelmesh").joinpath("service-config.json").read_text("utf-8"))
        options: list[tuple[str, str | int]] = [
            ("grpc.service_config", json.dumps(config)),
            ("grpc.enable_http_proxy", 0),
            ("grpc.keepalive_time_ms", 30_000),
            ("grpc.max_receive_message_length", _MAX_MESSAGE_BYTES),
            ("grpc.min_reconnect_backoff_ms", 100),
            ("grpc.max_reconnect_backoff_ms", 2_000),
        ]
        if tls is None:
            self.channel = grpc.insecure_channel(address, options)
        else:
            if tls.server_name is not None:
                options.append(("grpc.ssl_target_name_override", tls.server_name))
            credentials = grpc.ssl_channel_credentials(
                _read(tls.ca_file), _read(tls.key_file), _read(tls.cert_file)
            )
            self.channel = grpc.secure_channel(address, credentials, options)

    def once(self, call: Callable[[float], T], timeout_s: float | None = None) -> T:
        """Makes a call once. `call` gets its time in seconds."""
        try:
            return call(self.timeout_s if timeout_s is None else timeout_s)
        except grpc.RpcError as error:
            raise from_rpc_error(error) from error

    def retried(self, call: Callable[[float], T], timeout_s: float | None = None) -> T:
        """Makes an idempotent call, and repeats it while the mesh does not answer or is full, within `timeout_s`."""
        until_s = None if timeout_s is None else time.monotonic() + timeout_s
        backoff = Backoff(self.retry_timeout_s)
        while True:
            left_s = None if until_s is None else max(0.001, until_s - time.monotonic())
            try:
                return self.once(call, left_s)
            except PixelmeshError as error:
                backoff.wait(error)

    def stream(self, responses: Iterable[T]) -> Iterator[T]:
        """Iterates over the responses of a call."""
        try:
            yield from responses
        except grpc.RpcError as error:
            raise from_rpc_error(error) from error
        finally:
            if isinstance(responses, grpc.RpcContext):
                responses.cancel()  # type: ignore[no-untyped-call]


def _read(path: str | None) -> bytes | None:
    return None if path is None else Path(path).read_bytes()
