"""Draw the Grafana dashboard: `python -m tools.dashboard > docs/operations/dashboard.json`."""

from __future__ import annotations

import json
import sys
from typing import Any

PANELS: list[tuple[str, str, str, list[tuple[str, str]]]] = [
    # title, unit, kind, (expression, legend)
    ("Stations connected", "none", "timeseries", [("ohmbudsman_stations_connected", "{{instance}}")]),
    ("Acknowledged a second", "ops", "timeseries", [("rate(ohmbudsman_acknowledged_total[1m])", "{{instance}}")]),
    ("Ack latency", "s", "timeseries", [
        (f"histogram_quantile({q}, sum by (le) (rate(ohmbudsman_ack_seconds_bucket[5m])))", f"p{round(q * 100)}")
        for q in (0.5, 0.95, 0.99)
    ]),
    ("Messages a transaction", "none", "timeseries", [
        ("rate(ohmbudsman_batch_messages_sum[1m]) / rate(ohmbudsman_batch_messages_count[1m])", "{{instance}}"),
    ]),
    ("Waiting to be committed", "none", "timeseries", [("ohmbudsman_inbox_waiting", "{{instance}}")]),
    ("Journal lag", "s", "timeseries", [("ohmbudsman_journal_lag_seconds", "{{instance}}")]),
    ("Database away", "none", "timeseries", [("ohmbudsman_database_away", "{{instance}}")]),
    ("Connections to the database", "none", "timeseries", [
        ("ohmbudsman_pool_connections", "{{instance}} {{state}}"), ("ohmbudsman_pool_most", "{{instance}} most"),
    ]),
    ("Commands of the day", "none", "timeseries", [
        ("sum by (state, effect) (max without (instance) (ohmbudsman_commands_day))", "{{state}} / {{effect}}"),
    ]),
    ("Commands a minute by outcome", "none", "timeseries", [
        ("sum by (outcome) (rate(ohmbudsman_commands_total[5m])) * 60", "{{outcome}}"),
    ]),
    ("Cases by state", "none", "bargauge", [("max by (state) (ohmbudsman_cases)", "{{state}}")]),
    ("Clocks", "none", "bargauge", [("max by (kind, state) (ohmbudsman_clocks)", "{{kind}}: {{state}}")]),
    ("Worker behind", "s", "timeseries", [("max(ohmbudsman_worker_behind_seconds)", "behind")]),
    ("Quarantined, turned away", "none", "timeseries", [
        ("increase(ohmbudsman_quarantined_total[1h])", "quarantined {{instance}}"),
        ("increase(ohmbudsman_handshakes_slowed_total[1h])", "turned away {{instance}}"),
    ]),
    ("CPU", "percentunit", "timeseries", [("rate(process_cpu_seconds_total[1m])", "{{instance}}")]),
    ("Memory", "bytes", "timeseries", [("process_resident_memory_bytes", "{{instance}}")]),
    ("Database size", "bytes", "timeseries", [("max(ohmbudsman_database_bytes)", "size")]),
    ("Partitions ahead", "s", "stat", [("min(ohmbudsman_partitions_left_seconds)", "left")]),
]


def panel(n: int, title: str, unit: str, kind: str, queries: list[tuple[str, str]]) -> dict[str, Any]:
    return {
        "id": n + 1, "title": title, "type": kind,
        "datasource": {"type": "prometheus", "uid": "${source}"},
        "gridPos": {"h": 8, "w": 8, "x": 8 * (n % 3), "y": 8 * (n // 3)},
        "fieldConfig": {"defaults": {"unit": unit, "min": 0}, "overrides": []},
        "targets": [
            {"refId": chr(ord("A") + i), "expr": expression, "legendFormat": legend}
            for i, (expression, legend) in enumerate(queries)
        ],
    }


def dashboard() -> dict[str, Any]:
    return {
        "title": "Ohmbudsman", "uid": "ohmbudsman", "schemaVersion": 39, "version": 1, "refresh": "15s",
        "tags": ["ohmbudsman"], "time": {"from": "now-3h", "to": "now"}, "timezone": "browser",
        "templating": {"list": [
            {"name": "source", "type": "datasource", "query": "prometheus", "label": "Prometheus"},
        ]},
        "panels": [panel(n, *each) for n, each in enumerate(PANELS)],
    }


if __name__ == "__main__":
    json.dump(dashboard(), sys.stdout, indent=2)
    sys.stdout.write("\n")
