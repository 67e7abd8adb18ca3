"""Prometheus Alertmanager: events v2 by `url`, plainly and over TLS, and v1 (`service_key`) through the proxy."""

import hashlib
import os
import socket
import subprocess
import sys
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "common"))

import far
from checks import Checks, Setup, equal, sent


def main():
    setup, checks = Setup(), Checks()
    with running(setup) as alertmanager:
        recipes(checks, setup, alertmanager)
        if setup.is_sandbox:
            detail_recipes(checks, setup)
            fault_recipes(checks, setup, alertmanager)
    checks.finish()


@contextmanager
def running(setup):
    """Runs Alertmanager on a free port with everything it writes in the run's directory."""
    directory = Path(setup.dir)
    text = (HERE / "alertmanager.yml").read_text()
    values = {
        "ROUTING_KEY": setup.routing_key,
        "URL": setup.url,
        "TLS_URL": setup.tls_url,
        "PROXY_URL": setup.proxy_url,
        "CA_FILE": setup.ca_file,
    }
    for name, value in values.items():
        text = text.replace("{{%s}}" % name, value)
    config = directory / "alertmanager.yml"
    config.write_text(text)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        os.environ["PEER_ALERTMANAGER"],
        f"--config.file={config}",
        f"--storage.path={directory / 'alertmanager'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
    ]
    url = f"http://127.0.0.1:{port}"
    with (directory / "alertmanager.log").open("w") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        try:
            far.wait_for(lambda: is_ready(url, process), "Alertmanager gets ready")
            yield url
        finally:
            process.kill()


def is_ready(url, process):
    assert process.poll() is None, "Alertmanager ended by itself; see alertmanager.log"
    try:
        far.call("GET", f"{url}/api/v2/status")
    except OSError:
        return False
    return True


def post(alertmanager, summary, *labels, over=False):
    """Tells Alertmanager of alerts with the same summary, as Prometheus does."""
    now = datetime.now(timezone.utc)
    alert = {
        "annotations": {"summary": summary},
        "startsAt": (now - timedelta(minutes=5)).isoformat(),
        "generatorURL": "https://prometheus.example.test/graph?g0.expr=up",
    }
    if over:
        alert["endsAt"] = now.isoformat()
    far.call("POST", f"{alertmanager}/api/v2/alerts", [alert | {"labels": one} for one in labels])


def alert_of(setup, summary, holds=lambda incident, alert: True):
    """Waits for the one alert with this summary for which something holds; returns it and its incident."""

    def look():
        found = [(i, a) for i in far.incidents(setup) for a in i["alerts"] if a["summary"] == summary]
        return next(((i, a) for i, a in found if holds(i, a)), None)

    return far.wait_for(look, f"an alert {summary!r} that is as it should be")


def labels(name, severity=None, **more):
    """Returns the labels of an alert of the guide's rules."""
    chosen = {} if severity is None else {"severity": severity}
    return {"alertname": name, "cluster": "eu-1", "service": "api"} | chosen | more


def group_key(route, name):
    """Returns the key that Alertmanager makes for a group of this route, hashed as it sends it."""
    key = f'{{}}/{{{route}}}:{{alertname="{name}", cluster="eu-1", service="api"}}'
    return hashlib.sha256(key.encode()).hexdigest()


def recipes(checks, setup, alertmanager):
    cpu = "CPU usage above 90 %"

    @checks.check("15. a critical alert pages once, with the summary of its rule and the hash of its group as key")
    def _():
        post(alertmanager, cpu, labels("HighCPUUsage", "critical", instance="a"))
        _, alert = alert_of(setup, cpu)
        equal(alert["severity"], "critical", "severity")
        equal(alert["key"], group_key('severity="critical"', "HighCPUUsage"), "key")

    @checks.check("15. a second alert of the same group updates the first")
    def _():
        post(alertmanager, cpu, labels("HighCPUUsage", "critical", instance="b"))
        _, alert = alert_of(setup, cpu, lambda incident, alert: alert["triggers"] == 2)
        sent(alert["key"], "resolved", cpu, triggers=2)

    @checks.check("15. a warning goes to its own receiver, over TLS")
    def _():
        summary = "Disk space below 10 %"
        post(alertmanager, summary, labels("DiskSpaceLow", "warning"))
        incident, alert = alert_of(setup, summary)
        equal((alert["severity"], incident["urgency"]), ("warning", "low"), "severity and urgency")
        sent(alert["key"], "triggered", summary)

    @checks.check("15. an alert without a severity pages by the root route")
    def _():
        summary = "No severity given"
        post(alertmanager, summary, labels("Unlabelled"))
        _, alert = alert_of(setup, summary)
        sent(alert["key"], "triggered", summary)

    @checks.check("15. v1 by `service_key` reaches the host itself through the proxy, and resolves")
    def _():
        summary = "Old plugin"
        post(alertmanager, summary, labels("OldPlugin", kind="old-plugin"))
        _, alert = alert_of(setup, summary)
        post(alertmanager, summary, labels("OldPlugin", kind="old-plugin"), over=True)
        alert_of(setup, summary, lambda incident, alert: not alert["open"])
        sent(alert["key"], "resolved", summary)

    @checks.check("15. an info alert pages nobody, and the group resolves when all of its alerts are over")
    def _():
        post(alertmanager, "Just saying", labels("JustSaying", "info"))
        instances = [labels("HighCPUUsage", "critical", instance=instance) for instance in ("a", "b")]
        post(alertmanager, cpu, *instances, over=True)
        alert_of(setup, cpu, lambda incident, alert: not alert["open"] and incident["status"] == "resolved")
        titles = [incident["title"] for incident in far.incidents(setup)]
        assert "Just saying" not in titles, titles


def detail_recipes(checks, setup):
    @checks.check("15. links, images and details are on the alert")
    def _():
        import requests

        session = requests.Session()
        session.trust_env = False
        session.headers["Authorization"] = f"Token token={setup.user_token}"
        incident, _ = alert_of(setup, "No severity given")
        answer = session.get(f"{setup.url}/incidents/{incident['id']}/alerts", timeout=10)
        body = answer.json()["alerts"][0]["body"]
        links = [one["href"] for one in body["contexts"] if one["type"] == "link"]
        equal(links[1:], ["https://grafana.example.test/d/overview"], "second link")
        images = [one["src"] for one in body["contexts"] if one["type"] == "image"]
        equal(images, ["https://graphs.example.test/cpu.png"], "images")
        assert "alertname = Unlabelled" in str(body["details"]), body["details"]


def fault_recipes(checks, setup, alertmanager):
    @checks.check("15. what is refused with 503 and 429 is sent again, and arrives once")
    def _():
        faults = [
            {"system": "pagerduty", "fault": "refuse", "status": status, "count": 1, "only": "POST /v2/enqueue"}
            for status in (503, 429)
        ]
        far.call("POST", f"{setup.control_url}/faults", faults)
        summary = "Refused at first"
        post(alertmanager, summary, labels("Refused", "critical"))
        _, alert = alert_of(setup, summary)
        sent(alert["key"], "triggered", summary)


main()
