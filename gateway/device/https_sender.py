"""A device without MQTT: its journal over HTTPS, one record a request, with the device's certificate.

Rules kept here:

* The response to a record is the gateway's promise, or its refusal with a code. A promise that does not verify, or
  is for another record, is ignored.
* The same state machine as over MQTT (``outbox``) decides what is sent when, and what may be forgotten.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from urllib.parse import quote, urlsplit

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception_type, wait_exponential

from counterfoil.gateway.device.device import TLS_CERTIFICATE, TLS_KEY, Device
from counterfoil.gateway.device.journal import JournalEntry
from counterfoil.gateway.device.outbox import Outbox, Retention
from counterfoil.gateway.device.tls import DeviceTls
from counterfoil.gateway.errors import REQUEST_REFUSED
from counterfoil.gateway.record.downlink import PromiseMessage, ReceiptMessage
from counterfoil.gateway.record.identity import PublicKey

_RECORD = "application/cose"
_FIRST_PAUSE_S = 0.2
_AT_ONCE = 50


class HttpsSender:
    """Sends *device*'s journal to the gateway at *url*; ``run`` does the work in the calling thread.

    *url* is ``https://host:port``; *ca_file* holds the authorities that the server's certificate may be under.
    """

    def __init__(
        self,
        device: Device,
        url: str,
        ca_file: Path,
        *,
        retention: Retention = Retention.PUBACK,
        gateway_key: PublicKey | None = None,
        longest_pause: float = 60.0,
        answer_timeout: float = 60.0,
    ) -> None:
        self.device = device
        self.outbox = Outbox(
            device.journal,
            retention,
            gateway_key,
            window=1,
            longest_pause=longest_pause,
            answer_timeout=answer_timeout,
        )
        self.last_error: str | None = None
        self._longest_pause = longest_pause
        self._stopping = False
        self._newest: JournalEntry | None = None
        self._again: JournalEntry | None = None
        self._base = f"{url.rstrip('/')}/v1/{quote(device.device_id)}"
        where = urlsplit(url)
        self._tls = DeviceTls(
            device.folder / TLS_CERTIFICATE,
            key=device.folder / TLS_KEY,
            authorities=ca_file,
            address=(where.hostname or "", where.port or 443),
        )
        self._http = httpx.Client(verify=self._tls.context, timeout=30)

    def run(self, *, until_done: bool = False, timeout_s: float | None = None) -> bool:
        """Send until ``stop``; with *until_done* until every record was answered.

        Returns whether everything was answered when it ended, by *timeout_s* at the latest.
        """
        deadline = None if timeout_s is None else time.monotonic() + timeout_s

        def is_over() -> bool:
            return self._stopping or (deadline is not None and time.monotonic() >= deadline)

        def turn() -> int:
            if is_over():
                return 0
            sent = self._send_some()
            self._ask_for_a_receipt()
            return sent

        again = Retrying(
            retry=retry_if_exception_type(httpx.HTTPError),
            after=self._note_failure,
            wait=wait_exponential(_FIRST_PAUSE_S, max=self._longest_pause),
            stop=lambda _: is_over(),
            retry_error_callback=lambda _: 0,
        )
        try:
            while not is_over():
                sent = again(turn)
                self._flush()
                if until_done and self.outbox.is_done:
                    break
                if not sent:
                    time.sleep(_FIRST_PAUSE_S)
        finally:
            self._flush()
            self._http.close()
        return self.outbox.is_done

    def stop(self) -> None:
        """Make ``run`` return soon; unanswered records stay in the journal."""
        self._stopping = True

    def _note_failure(self, state: RetryCallState) -> None:
        failure = state.outcome and state.outcome.exception()
        busy = isinstance(failure, httpx.HTTPStatusError)
        why = None if busy else self._tls.explain()
        self.last_error = why or str(failure) or type(failure).__name__

    def _send_some(self) -> int:
        """Return how many records were sent. A record whose request failed is sent first the next time."""
        for sent in range(_AT_ONCE):
            entry = self._again or self.outbox.next_entry(time.monotonic())
            if entry is None:
                return sent
            self._again = entry
            response = self._http.post(
                f"{self._base}/records", content=entry.raw, headers={"Content-Type": _RECORD}
            )
            if response.status_code in (429, 502, 503, 504):
                raise httpx.HTTPStatusError(
                    f"the gateway is busy: {response.status_code}",
                    request=response.request,
                    response=response,
                )
            self._again = None
            self._take(entry, response)
        return _AT_ONCE

    def _take(self, entry: JournalEntry, response: httpx.Response) -> None:
        now = time.monotonic()
        if response.status_code in (200, 201):
            self.outbox.acknowledge(entry.number, now)
            self.outbox.take_message(PromiseMessage(response.content).encode(), now)
            self._newest = entry
            self.last_error = None
            return
        code, expected = _problem(response)
        self.last_error = f"{code} ({response.status_code})"
        self.outbox.refuse(entry.number, code, now, expected)

    def _ask_for_a_receipt(self) -> None:
        entry = self._newest
        if entry is None or self.outbox.retention is Retention.PUBACK:
            return
        response = self._http.get(f"{self._base}/receipts/{entry.epoch}/{entry.sequence}")
        if response.status_code == 200:
            message = ReceiptMessage(response.content, entry.epoch, entry.sequence)
            self.outbox.take_message(message.encode(), time.monotonic())
            self._newest = None

    def _flush(self) -> None:
        self.outbox.flush()
        if self.outbox.head is not None:
            self.device.show_head(self.outbox.head)
            self.outbox.head = None


def _problem(response: httpx.Response) -> tuple[str, tuple[int, int] | None]:
    """Return the code of an RFC 9457 problem, ``request.refused`` of none, and the position that the gateway awaits."""
    try:
        problem = response.json()
        code = str(problem["code"])
        expected = problem.get("expected")
    except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError, AttributeError):
        return REQUEST_REFUSED, None
    if (
        isinstance(expected, list)
        and len(expected) == 2
        and all(type(number) is int and number >= 0 for number in expected)
    ):
        return code, (expected[0], expected[1])
    return code, None
