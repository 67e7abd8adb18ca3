"""Python `pypd`: events v1 and v2 with its trailing slashes and stray headers, and REST."""

import sys
from datetime import datetime, timezone
from pathlib import Path
from types import SimpleNamespace

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "common"))

import pypd
import session
from checks import Checks, Setup, equal, refusal, sent

TAG = "pypd"
OPEN = ["triggered", "acknowledged"]


def main():
    setup, checks = Setup(), Checks()
    pypd.base_url = setup.url
    pypd.api_key = setup.user_token
    pypd.Event.base_url = f"{setup.url}/generic/2010-04-15/create_event.json"
    pypd.EventV2.base_url = f"{setup.url}/v2/enqueue"
    v1_recipes(checks, setup)
    v2_recipes(checks, setup)
    if setup.is_sandbox:
        incident_recipes(checks, setup)
        directory_recipes(checks, setup)
    checks.finish()


def v1(setup, kind, **fields):
    return pypd.Event.create(data={"service_key": setup.routing_key, "event_type": kind} | fields)


def v2(setup, action, key, summary):
    payload = {"summary": summary, "source": "pypd", "severity": "error"}
    data = {"routing_key": setup.routing_key, "event_action": action, "dedup_key": key, "payload": payload}
    # The odd query parameter is what existing users of this client send.
    return pypd.EventV2.create(data=data, from_email=setup.email)


def v1_recipes(checks, setup):
    @checks.check("1. v1: trigger without a key: the answer names one")
    def _():
        summary = "Old plugin says hello"
        answer = v1(setup, "trigger", description=summary, client="Nagios", client_url="https://nagios.example.test")
        equal((answer["status"], answer["message"]), ("success", "Event processed"), "answer")
        sent(answer["incident_key"], "triggered", summary)

    @checks.check("2. v1: trigger, acknowledge and resolve by key")
    def _():
        key, summary = f"{TAG}-v1-lifecycle", "Load is high"
        contexts = [
            {"type": "link", "href": "https://wiki.example.test", "text": "Runbook"},
            {"type": "image", "src": "https://graphs.example.test/load.png"},
        ]
        details = {"load": 12.5}
        answer = v1(setup, "trigger", incident_key=key, description=summary, details=details, contexts=contexts)
        equal(answer["incident_key"], key, "key of the trigger")
        setup.passed_on(key)
        equal(v1(setup, "acknowledge", incident_key=key)["incident_key"], key, "key of the acknowledgement")
        equal(v1(setup, "resolve", incident_key=key, description="Fixed")["incident_key"], key, "key of the resolve")
        sent(key, "resolved", summary)

    @checks.check("18. v1: a wrong event is refused with 400 and the reasons")
    def _():
        short = {"service_key": "short", "event_type": "trigger", "description": "x"}
        refused = refusal(lambda: pypd.Event.create(data=short), pypd.errors.BadRequest)
        equal(refused.code, 400, "status")
        assert "Service key is the wrong length (should be 32 characters)" in refused.message, refused.message


def v2_recipes(checks, setup):
    @checks.check("2. v2: trigger, acknowledge and resolve by key")
    def _():
        key, summary = f"{TAG}-v2-lifecycle", "Latency is high"
        for action in ("trigger", "acknowledge", "resolve"):
            answer = v2(setup, action, key, summary)
            equal((answer["status"], answer["dedup_key"]), ("success", key), f"answer to {action}")
            setup.passed_on(key)
        sent(key, "resolved", summary)

    @checks.check("1. v2: trigger")
    def _():
        key, summary = f"{TAG}-v2-open", "Backup did not run"
        equal(v2(setup, "trigger", key, summary)["dedup_key"], key, "key")
        sent(key, "triggered", summary)

    if not setup.is_sandbox:
        # The bridge passes keys on that it does not know, so it is PagerDuty that refuses them.
        return

    @checks.check("18. v2: an unknown routing key is refused with 400")
    def _():
        payload = {"summary": "x", "source": "x", "severity": "info"}
        data = {"routing_key": "0" * 32, "event_action": "trigger", "payload": payload}
        refused = refusal(lambda: pypd.EventV2.create(data=data), pypd.errors.BadRequest)
        equal(refused.code, 400, "status")
        assert "Invalid routing key" in refused.message, refused.message


def incident_recipes(checks, setup):
    made = SimpleNamespace()

    @checks.check("4. find open incidents over several pages")
    def _():
        found = pypd.Incident.find(statuses=OPEN, sort_by="created_at:desc")
        ids = {incident.id for incident in found}
        equal(len(ids), len(found), "number of different incidents")
        assert len(found) >= setup.open_incidents > 100, f"{len(found)} of {setup.open_incidents}"

    @checks.check("6. create an incident, 5. fetch it")
    def _():
        service = {"id": setup.service_id, "type": "service_reference"}
        data = {"type": "incident", "title": "Made by pypd", "service": service}
        made.incident = pypd.Incident.create(data=data, add_headers={"from": setup.email})
        equal(made.incident["status"], "triggered", "status")
        equal(pypd.Incident.fetch(made.incident.id)["title"], "Made by pypd", "title")

    @checks.check("7. acknowledge, snooze, and resolve with a resolution")
    def _():
        def status():
            return pypd.Incident.fetch(made.incident.id)["status"]

        made.incident.acknowledge(from_email=setup.email)
        equal(status(), "acknowledged", "status")
        snoozed = made.incident.snooze(from_email=setup.email, duration=3600)
        assert any(action["type"] == "unacknowledge" for action in snoozed["pending_actions"]), snoozed.json
        made.incident.resolve(from_email=setup.email, resolution="Fixed")
        equal(status(), "resolved", "status")

    @checks.check("8. add a note and list it")
    def _():
        made.incident.create_note(setup.email, "Looked at it")
        equal([note["content"] for note in made.incident.notes()], ["Looked at it"], "notes")

    @checks.check("5. alerts and log entries of an incident")
    def _():
        incident = pypd.Incident.find_one(incident_key=f"{TAG}-v1-lifecycle")
        alerts = incident.alerts()
        equal([alert["alert_key"] for alert in alerts], [f"{TAG}-v1-lifecycle"], "alerts")
        kinds = [entry["type"] for entry in incident.log_entries()]
        assert "trigger_log_entry" in kinds and "resolve_log_entry" in kinds, kinds

    @checks.check("7. reassign an incident")
    def _():
        incident = pypd.Incident.find_one(statuses=["triggered"])
        user = next(user for user in pypd.User.find() if user["email"] != setup.email)
        incident.reassign(setup.email, [user.id])
        assignments = pypd.Incident.fetch(incident.id)["assignments"]
        equal([one["assignee"]["id"] for one in assignments], [user.id], "assignees")

    @checks.check("5. an incident that does not exist is 404")
    def _():
        import requests

        refused = refusal(lambda: pypd.Incident.fetch("QNONESUCH00000"), requests.HTTPError)
        equal(refused.response.status_code, 404, "status")


def directory_recipes(checks, setup):
    made = SimpleNamespace()

    @checks.check("9. who is on call")
    def _():
        found = pypd.OnCall.find()
        assert found, "nobody is on call"
        for one in found:
            assert one["user"]["summary"] and one["escalation_policy"]["summary"], one.json
            assert one["escalation_level"] >= 1, one.json

    @checks.check("9. who is on call in a schedule")
    def _():
        now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        schedule = pypd.Schedule.create(data=session.schedule({"id": pypd.User.find()[0].id}))
        assert schedule.id in {one.id for one in pypd.Schedule.find()}
        users = schedule.get_oncall(since=now, until=now)["users"]
        assert users and all(user["name"] for user in users), users

    @checks.check("11. find services")
    def _():
        assert setup.service_id in {service.id for service in pypd.Service.find()}

    @checks.check("12. create a service")
    def _():
        policy = pypd.EscalationPolicy.find()[0]
        data = {
            "type": "service",
            "name": "Made by pypd",
            "escalation_policy": {"id": policy.id, "type": "escalation_policy_reference"},
            "alert_creation": "create_alerts_and_incidents",
            "auto_resolve_timeout": 14400,
            "acknowledgement_timeout": 1800,
        }
        made.service = pypd.Service.create(data=data)
        equal(pypd.Service.fetch(made.service.id)["name"], "Made by pypd", "name")

    @checks.check("13. add an integration of the v1 kind and use its key")
    def _():
        # This client knows no integrations of the v2 kind, and drops the answer to a create.
        made.service.create_integration({"type": "generic_events_api_inbound_integration", "name": "Old plugins"})
        service = pypd.Service.fetch(made.service.id)
        added = next(one for one in service.integrations() if one["name"] == "Old plugins")
        key, summary = added["integration_key"], "Through a key that was just made"
        answer = pypd.Event.create(data={"service_key": key, "event_type": "trigger", "description": summary})
        sent(answer["incident_key"], "triggered", summary)

    @checks.check("18. who am I")
    def _():
        equal(pypd.User.fetch("me")["email"], setup.email, "e-mail")


main()
