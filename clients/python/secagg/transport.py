"""HTTP to the station's REST interface (docs/rest.md)."""

import email.utils
import http.client
import json
import queue
import socket
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

MOST_ANSWER = 64 << 20
PATIENCE = 60.0


class StationError(Exception):
    """The station answered and said no. `code` does not change with versions."""

    def __init__(self, status, code, detail):
        super().__init__(f"{detail} ({code})")
        self.status, self.code, self.detail = status, code, detail


class StationUnavailable(Exception):
    """The station does not answer."""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """The token goes to the address that was given and to no other."""

    def redirect_request(self, *_):
        return None


class Transport:
    """Requests with a token; what may be repeated is, when the station is away or busy."""

    def __init__(self, address, token=None, user=None, timeout=30.0, context=None):
        parts = urllib.parse.urlsplit(address)
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in ("127.0.0.1", "::1", "localhost")):
            raise ValueError(f"the address is {address!r}; it must begin with https:// (http:// for this machine only), since a token crosses it")
        self.address, self.timeout = address.rstrip("/"), timeout
        self._token, self._user, self._refresh = token, user, None
        self._context = context
        self._opener = urllib.request.build_opener(_NoRedirect, urllib.request.HTTPSHandler(context=context))

    def __repr__(self):
        return f"Transport({self.address})"

    def get(self, path, **parameters):
        """The JSON of an address."""
        return json.loads(self._patiently("GET", self._path(path, parameters)))

    def post(self, path, body, key=None):
        """The JSON that answers a request; with a key it may be repeated, and is done once."""
        headers = {"Idempotency-Key": key} if key else {}
        return json.loads(self._patiently("POST", "/api/v1" + path, body, headers, again=key is not None) or b"null")

    def download(self, path, file, **parameters):
        """Writes an address's bytes to a file, from the start again where the station goes away in between."""
        def take(response):
            file.seek(0)
            file.truncate()
            while block := response.read(1 << 20):
                file.write(block)
            if response.length:
                raise http.client.IncompleteRead(b"", response.length)
        self._patiently("GET", self._path(path, parameters), take=take)

    def events(self):
        """The station's server-sent events from now on."""
        parts = urllib.parse.urlsplit(self.address)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(parts.hostname, parts.port, timeout=self.timeout, **({"context": self._context} if parts.scheme == "https" else {}))
        return Events(connection, parts.path + "/api/v1/events", self._bearer())

    @staticmethod
    def _path(path, parameters):
        given = {name: value for name, value in parameters.items() if value is not None}
        return "/api/v1" + path + ("?" + urllib.parse.urlencode(given) if given else "")

    def _patiently(self, method, path, body=None, headers=None, again=True, take=None):
        end, pause, renewed = time.monotonic() + PATIENCE, 0.5, False
        while True:
            wait = pause
            try:
                with self._open(method, path, body, headers or {}) as response:
                    try:
                        data = response.read(MOST_ANSWER + 1) if take is None else take(response)
                    except (OSError, http.client.HTTPException) as fault:
                        raise StationUnavailable(f"the station at {self.address} went away in the middle of an answer: {fault!r}") from fault
                    if take is not None:
                        return data
                    if len(data) > MOST_ANSWER:
                        raise StationUnavailable(f"{path} answers with more than {MOST_ANSWER} bytes")
                    return data
            except StationError as fault:
                if fault.code in ("token-expired", "token-invalid") and self._user and not renewed:
                    self._token, renewed = None, True
                    continue
                if fault.status not in (429, 503):
                    raise
                wait, last = max(pause, fault.retry_after), fault
            except StationUnavailable as fault:
                if not again:
                    raise
                last = fault
            if time.monotonic() + wait > end:
                raise last
            time.sleep(wait)
            pause = min(pause * 2, 8)

    def _open(self, method, path, body, headers):
        return self._send(method, path, body, {**headers, "Authorization": f"Bearer {self._bearer()}"})

    def _bearer(self):
        if self._token is None:
            if self._user is None:
                raise ValueError("a token, or a name and password, is needed")
            name, password = self._user
            grant = {"grant_type": "refresh_token", "refresh_token": self._refresh} if self._refresh else {"grant_type": "password", "username": name, "password": password}
            self._refresh = None
            with self._send("POST", "/api/v1/auth/token", grant, {}) as response:
                answer = json.loads(response.read(MOST_ANSWER))
            self._token, self._refresh = answer["access_token"], answer["refresh_token"]
        return self._token

    def _send(self, method, path, body, headers):
        data = None if body is None else json.dumps(body).encode()
        if data is not None:
            headers = {**headers, "Content-Type": "application/json"}
        request = urllib.request.Request(self.address + path, data, headers, method=method)
        try:
            return self._opener.open(request, timeout=self.timeout)
        except urllib.error.HTTPError as fault:
            raise _refusal(fault) from None
        except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError) as fault:
            raise StationUnavailable(f"the station at {self.address} cannot be reached: {getattr(fault, 'reason', fault)}") from fault


class Events:
    """A stream of server-sent events, read beside the caller's thread so that waiting for one can end early. To be closed."""

    def __init__(self, connection, path, token):
        self._queue = queue.Queue()
        try:
            connection.connect()
            self._socket, self._connection = connection.sock, connection
            connection.request("GET", path, headers={"Authorization": f"Bearer {token}", "Accept": "text/event-stream"})
            self._response = connection.getresponse()
        except (OSError, http.client.HTTPException) as fault:
            connection.close()
            raise StationUnavailable(f"the station's events cannot be read: {fault}") from fault
        if self._response.status != 200:
            self._response.close()
            connection.close()
            raise StationUnavailable(f"the station's events cannot be read: HTTP {self._response.status}")
        # The station may have nothing to tell for long: whoever waits looks for itself now and then.
        self._socket.settimeout(None)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def next(self, seconds):
        """The next event as (kind, JSON); ("", None) if none comes in time; None when the stream is over."""
        try:
            return self._queue.get(timeout=seconds)
        except queue.Empty:
            return "", None

    def close(self):
        """Ends the stream."""
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._reader.join(5)
        self._response.close()
        self._connection.close()

    def _read(self):
        kind, data, size = "", [], 0
        try:
            while line := self._response.readline(MOST_ANSWER):
                line = line.rstrip(b"\r\n")
                size += len(line)
                if size > MOST_ANSWER:
                    break
                if not line:
                    if data:
                        self._queue.put((kind, json.loads(b"\n".join(data))))
                    kind, data, size = "", [], 0
                elif line.startswith(b"event:"):
                    kind = line[6:].strip().decode()
                elif line.startswith(b"data:"):
                    data.append(line[5:].removeprefix(b" "))
        except (OSError, ValueError, http.client.HTTPException):
            pass
        self._queue.put(None)


def _refusal(fault):
    with fault:
        try:
            problem = json.loads(fault.read(1 << 16))
            error = StationError(fault.code, str(problem["code"]), str(problem.get("detail") or problem.get("title")))
        except (ValueError, KeyError, TypeError):
            error = StationError(fault.code, "unknown", f"HTTP {fault.code}")
    error.retry_after = min(_seconds(fault.headers.get("Retry-After", "")), PATIENCE)
    return error


def _seconds(wait):
    """How long a Retry-After says to wait: seconds, or until a date, which proxies write; 0 if it says neither."""
    try:
        return float(wait) if wait.isdigit() else max(0.0, email.utils.parsedate_to_datetime(wait).timestamp() - time.time())
    except (TypeError, ValueError):
        return 0.0
