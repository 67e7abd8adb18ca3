"""Python `pagerduty`: REST, events and change events over TLS."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "common"))

import pagerduty
import session
from checks import Checks, Setup, equal, refusal

TAG = "pagerduty"


def main():
    setup, checks = Setup(), Checks()

    def events_with(key):
        return pagerduty.EventsApiV2Client(key, base_url=setup.tls_url)

    def rest_with(token, **more):
        return pagerduty.RestApiV2Client(token, base_url=setup.tls_url, **more)

    events = events_with(setup.routing_key)
    session.event_recipes(checks, setup, events, pagerduty.HttpError, TAG)
    session.change_recipe(checks, events, TAG)
    if setup.is_sandbox:
        client = rest_with(setup.user_token, default_from=setup.email)
        session.read_back_recipes(checks, setup, client, TAG)
        session.incident_recipes(checks, setup, client, pagerduty.HttpError, TAG)
        session.on_call_recipes(checks, setup, client)
        session.service_recipes(checks, setup, client, events_with, TAG)
        account = rest_with(setup.account_token)
        session.debug_recipes(checks, setup, client, rest_with("wrong"), account, pagerduty.HttpError)
        more(checks, setup, client)
    checks.finish()


def more(checks, setup, client):
    """What only this client has."""

    @checks.check("4. small pages put together, and the total")
    def _():
        found = list(client.iter_all("incidents", params={"date_range": "all"}, page_size=7))
        equal(len(found), client.get_total("incidents", params={"date_range": "all"}), "number of incidents")

    @checks.check("8. notes of an incident, as this client lists them")
    def _():
        incident = client.rget("/incidents", params={"limit": 1})[0]
        client.rpost(f"/incidents/{incident['id']}/notes", json={"content": "Seen"})
        entries = list(client.iter_incident_notes(incident["id"]))
        equal([entry["channel"]["type"] for entry in entries], ["note"], "channels of the notes' log entries")

    @checks.check("18. abilities of the account")
    def _():
        assert client.account_has_ability("teams")
        refused = refusal(lambda: client.account_has_ability("no_such_ability"), pagerduty.HttpError)
        equal(refused.response.status_code, 404, "status of an ability that does not exist")


main()
