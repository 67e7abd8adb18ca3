"""Looks at what the far side holds, by the sandbox's control API."""

import json
import time
import urllib.request

# Nothing here leaves this machine, so a proxy that the environment names is not for it.
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def call(method, url, body=None):
    """Sends JSON, reads JSON."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(url, data=data, headers=headers, method=method)
    with _direct.open(request, timeout=10) as answer:
        text = answer.read()
    return json.loads(text) if text.strip() else None


def incidents(setup):
    """Returns every incident that the sandbox's PagerDuty holds."""
    return call("GET", f"{setup.control_url}/state")["pagerduty"]["incidents"]


def wait_for(look, what, limit_s=20):
    """Looks again and again until there is something to return."""
    until = time.monotonic() + limit_s
    while time.monotonic() < until:
        found = look()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"{what}: not within {limit_s} s")


def open_incident(setup, title):
    """Opens an incident as a person would, and returns its id."""
    return call("POST", f"{setup.control_url}/pagerduty/incidents", {"title": title})["id"]


def status_of(setup, incident):
    """Returns the status of an incident by its id."""
    return call("GET", f"{setup.control_url}/pagerduty/incidents/{incident}")["status"]


def notes_of(setup, incident):
    """Returns the texts of an incident's notes, oldest first."""
    return [note["content"] for note in call("GET", f"{setup.control_url}/pagerduty/incidents/{incident}")["notes"]]
