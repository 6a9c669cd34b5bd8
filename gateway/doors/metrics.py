"""The gateway's Prometheus metrics."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from counterfoil.alarm import Alarm
from counterfoil.gateway.certificate.lifetime import Ending
from counterfoil.gateway.ingest.pipeline import Stored, Verdict


class GatewayMetrics:
    """Counts verdicts and connections, in one registry for each process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._records = Counter(
            "counterfoil_gateway_records_total",
            "Records by verdict: accepted, duplicate, or the code of the refusal.",
            ["verdict"],
            registry=self.registry,
        )
        self._commit = Histogram(
            "counterfoil_gateway_commit_seconds",
            "Time to verify and commit a batch.",
            registry=self.registry,
            buckets=(0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5),
        )
        self._connections = Gauge(
            "counterfoil_gateway_connections", "Open device connections.", registry=self.registry
        )

        self._handshakes = Counter(
            "counterfoil_gateway_handshakes_refused_total",
            "TLS handshakes that failed, by reason.",
            ["reason"],
            registry=self.registry,
        )
        self._ends = Gauge(
            "counterfoil_gateway_ends_timestamp_seconds",
            "When the gateway's certificate, the device CA or the revocation list ends; 0 where it can't be read.",
            ["what"],
            registry=self.registry,
        )

        self._alarms = Gauge(
            "counterfoil_gateway_alarms",
            "What must be seen to now, by code and part.",
            ["code", "part"],
            registry=self.registry,
        )
        self._replaced = Gauge(
            "counterfoil_gateway_verify_workers_replaced",
            "Processes that verify signatures which were lost or hung, since the start.",
            registry=self.registry,
        )

    def committed(self, verdicts: Sequence[Verdict], seconds: float) -> None:
        """Count a batch that was committed in *seconds*."""
        self._commit.observe(seconds)
        tally = Tally(
            ("duplicate" if v.duplicate else "accepted") if isinstance(v, Stored) else v.code
            for v in verdicts
        )
        for name, count in tally.items():
            self._records.labels(name).inc(count)

    def connections(self, count: int) -> None:
        """Set how many connections are open."""
        self._connections.set(count)

    def handshake_refused(self, reason: str) -> None:
        """Count a TLS handshake that failed."""
        self._handshakes.labels(reason).inc()

    def alarms(self, alarms: Sequence[Alarm], replaced: int) -> None:
        """Set what must be seen to now, and how many workers were *replaced*."""
        self._alarms.clear()
        for alarm in alarms:
            self._alarms.labels(alarm.code, alarm.part).set(1)
        self._replaced.set(replaced)

    def ends(self, endings: Sequence[Ending]) -> None:
        """Set until when each of *endings* is in force."""
        for one in endings:
            name = one.name.replace(" ", "_")
            self._ends.labels(name).set(one.ends_at.timestamp() if one.ends_at else 0)
