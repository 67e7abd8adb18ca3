"""Python `pdpyras`: REST, events and change events; by address, and by PagerDuty's own host names through a proxy."""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "common"))

import pdpyras
import session
from checks import Checks, Setup, equal, sent

TAG = "pdpyras"


def main():
    setup, checks = Setup(), Checks()

    def at(client):
        client.url = setup.url
        return client

    def events_with(key):
        return at(pdpyras.EventsAPISession(key))

    events = events_with(setup.routing_key)
    session.event_recipes(checks, setup, events, pdpyras.PDHTTPError, TAG)
    session.change_recipe(checks, at(pdpyras.ChangeEventsAPISession(setup.routing_key)), TAG)
    by_proxy(checks, setup)
    if setup.is_sandbox:
        client = at(pdpyras.APISession(setup.user_token, default_from=setup.email))
        session.read_back_recipes(checks, setup, client, TAG)
        session.incident_recipes(checks, setup, client, pdpyras.PDHTTPError, TAG)
        session.on_call_recipes(checks, setup, client)
        session.service_recipes(checks, setup, client, events_with, TAG)
        anonymous, account = at(pdpyras.APISession("wrong")), at(pdpyras.APISession(setup.account_token))
        session.debug_recipes(checks, setup, client, anonymous, account, pdpyras.PDHTTPError)
        more(checks, setup, client)
    checks.finish()


def by_proxy(checks, setup):
    """Nothing is said to these clients but which proxy to use and whom to trust."""
    os.environ["https_proxy"] = setup.proxy_url
    os.environ["REQUESTS_CA_BUNDLE"] = setup.ca_file

    @checks.check("1. trigger at the events host itself, through the proxy")
    def _():
        key, summary = f"{TAG}-by-proxy", "Sent to the host's own name"
        equal(pdpyras.EventsAPISession(setup.routing_key).trigger(summary, "x", dedup_key=key), key, "dedup key")
        sent(key, "triggered", summary)

    if setup.is_sandbox:

        @checks.check("4. list at the API's host itself, through the proxy; addresses are the host's own")
        def _():
            client = pdpyras.APISession(setup.user_token)
            found = client.list_all("incidents")
            assert len(found) >= setup.open_incidents, len(found)
            assert all(one["self"].startswith("https://api.pagerduty.com/incidents/") for one in found), found[0]
            equal(client.rget(found[0])["id"], found[0]["id"], "id")


def more(checks, setup, client):
    """What only this client has."""

    @checks.check("11. services as a dictionary by name")
    def _():
        found = client.dict_all("services", by="name")
        assert setup.service_id in {service["id"] for service in found.values()}, found

    @checks.check("18. what the key may do")
    def _():
        equal(client.api_key_access, "user", "access of the key")


main()
