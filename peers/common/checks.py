"""Runs named checks and prints one line each; the lines are read by `cargo xtask peers`."""

import json
import os
import sys
import traceback

import far


class Setup:
    """Where to send to and with what, as `cargo xtask peers` says in the environment."""

    def __init__(self):
        env = os.environ
        self.against = env["PEER_AGAINST"]
        self.url = env["PEER_URL"]
        self.tls_url = env["PEER_TLS_URL"]
        self.proxy_url = env["PEER_PROXY_URL"]
        self.ca_file = env["PEER_CA_FILE"]
        self.routing_key = env["PEER_ROUTING_KEY"]
        self.dir = env["PEER_DIR"]
        self.control_url = env["PEER_CONTROL_URL"]
        self.user_token = env["PEER_USER_TOKEN"]
        self.account_token = env["PEER_ACCOUNT_TOKEN"]
        self.email = env["PEER_FROM"]
        self.service_id = env["PEER_SERVICE_ID"]
        self.open_incidents = int(env["PEER_OPEN_INCIDENTS"])

    @property
    def is_sandbox(self):
        """Tells whether there is a REST API behind the addresses, or only an intake of events."""
        return self.against == "sandbox"


    def passed_on(self, key):
        """Waits until an alert is at the far side.

        The bridge carries on what holds when it gets there: an alert that is over by then pages nobody.
        """
        if not self.is_sandbox:

            def is_there():
                return any(alert["key"] == key for one in far.incidents(self) for alert in one["alerts"])

            far.wait_for(is_there, f"{key} is passed on")


class Checks:
    """Counts what passed and failed."""

    def __init__(self):
        self.passed = 0
        self.failed = 0

    def check(self, name):
        """Runs the decorated function at once; it fails by raising."""

        def run(function):
            try:
                function()
            except Exception as error:  # whatever a client raises is a failed check, not the end
                self.failed += 1
                reason = " ".join(f"{type(error).__name__}: {error}".split())
                print(f"FAILED {name}: {reason}", flush=True)
                traceback.print_exc()
            else:
                self.passed += 1
                print(f"ok {name}", flush=True)
            return function

        return run

    def finish(self):
        """Prints the sum and ends the program."""
        print(f"{self.passed} passed, {self.failed} failed", flush=True)
        sys.exit(1 if self.failed else 0)


def sent(key, status, summary, triggers=1):
    """Tells what must be found at the far side in the end, once."""
    print("sent " + json.dumps({"key": key, "status": status, "summary": summary, "triggers": triggers}), flush=True)


def sent_change(summary):
    """Tells of a change event that must be found at the far side, once."""
    print("sent " + json.dumps({"change": summary}), flush=True)


def equal(found, wanted, what="value"):
    """Compares, and says both sides when they differ."""
    assert found == wanted, f"{what} is {found!r}, not {wanted!r}"


def refusal(function, *kinds):
    """Returns the error that the call must raise."""
    try:
        answer = function()
    except kinds as error:
        return error
    raise AssertionError(f"it was not refused, but answered {answer!r}")
