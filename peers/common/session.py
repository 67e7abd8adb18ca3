"""The guide's recipes in the words of `pagerduty`, which `pdpyras` had before it.

Both clients have the same calls; what differs is passed in.
"""

import time
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace

from checks import equal, refusal, sent, sent_change

OPEN = ["triggered", "acknowledged"]


def utc(moment):
    """Writes a moment as the guide does: UTC, with `Z`."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def event_recipes(checks, setup, events, error, tag):
    """Recipes 1 to 3 and the debug event of 18. `error` is what the client raises for a refusal."""

    @checks.check("1. trigger an alert without a key: the answer names one")
    def _():
        summary = f"High CPU usage on server-01 ({tag})"
        details = {"cpu_percent": 95.2, "memory_percent": 60, "disk_percent": 71, "hostname": "server-01"}
        key = events.trigger(summary, "server-01", severity="critical", custom_details=details)
        assert isinstance(key, str) and key, repr(key)
        sent(key, "triggered", summary)

    @checks.check("2. acknowledge and resolve an alert by its key")
    def _():
        key = f"{tag}-lifecycle"
        summary = f"Queue is growing ({tag})"
        equal(events.trigger(summary, "queue-01", dedup_key=key, severity="error"), key, "dedup key of the trigger")
        setup.passed_on(key)
        equal(events.acknowledge(key), key, "dedup key of the acknowledgement")
        equal(events.resolve(key), key, "dedup key of the resolve")
        sent(key, "resolved", summary)

    @checks.check("2. acknowledge an alert that stays open")
    def _():
        key = f"{tag}-acknowledged"
        summary = f"Certificate expires soon ({tag})"
        events.trigger(summary, "proxy-01", dedup_key=key, severity="warning")
        equal(events.acknowledge(key), key, "dedup key")
        sent(key, "acknowledged", summary)

    @checks.check("2. a repeated trigger with the same key is the same alert")
    def _():
        key = f"{tag}-repeated"
        summary = f"Disk is filling up ({tag})"
        for _ in range(3):
            equal(events.trigger(summary, "db-01", dedup_key=key), key, "dedup key")
        sent(key, "triggered", summary, triggers=3)

    @checks.check("3. full event with component, group, class, links and images")
    def _():
        key = f"{tag}-srv01-disk-space"
        summary = f"Disk space critical on srv01 ({tag})"
        answered = events.trigger(
            summary,
            "srv01",
            dedup_key=key,
            severity="critical",
            payload={"component": "storage", "group": "infrastructure", "class": "disk"},
            custom_details={"free_gb": 2, "mount": "/var", "é": "ü"},
            links=[{"href": "https://wiki.example.test/runbooks/disk", "text": "Runbook"}],
            images=[{"src": "https://graphs.example.test/disk.png", "href": "https://graphs.example.test", "alt": "Disk"}],
        )
        equal(answered, key, "dedup key")
        sent(key, "triggered", summary)

    @checks.check("18. the test event of the guide, triggered and resolved")
    def _():
        key = f"test-{int(time.time())}-{tag}"
        equal(events.trigger("Test event", "test-script", dedup_key=key, severity="info"), key, "dedup key")
        setup.passed_on(key)
        events.resolve(key)
        sent(key, "resolved", "Test event")

    @checks.check("18. an event that is wrong is refused with 400, not taken")
    def _():
        for wrong in ({"severity": "CRITICAL"}, {"summary": "x" * 1025}, {"source": ""}):
            fields = {"summary": "x", "source": "x", "severity": "info"} | wrong
            refused = refusal(lambda fields=fields: events.trigger(**fields), error)
            equal(refused.response.status_code, 400, f"status for {list(wrong)}")
            assert refused.response.json()["errors"], refused.response.text


def change_recipe(checks, changes, tag):
    """Recipe 17."""

    @checks.check("17. change event with details and links")
    def _():
        summary = f"Deployed api-service v2.5.0 to production ({tag})"
        changes.submit(
            summary,
            source="github-actions",
            custom_details={"service": "api-service", "version": "v2.5.0", "deployer": "O'Neil \"Ann\""},
            links=[{"href": "https://git.example.test/commit/abc", "text": "View Commit"}],
            timestamp=utc(datetime.now(timezone.utc)),
        )
        sent_change(summary)


def incident_recipes(checks, setup, client, error, tag):
    """Recipes 4 to 8."""
    made = SimpleNamespace()

    @checks.check("4. list open incidents over more than one page, newest first")
    def _():
        found = client.list_all("incidents", params={"statuses[]": OPEN, "sort_by": "created_at:desc"})
        equal(len({incident["id"] for incident in found}), len(found), "number of different incidents")
        assert len(found) >= setup.open_incidents > 100, f"{len(found)} of {setup.open_incidents}"
        times = [incident["created_at"] for incident in found]
        equal(times, sorted(times, reverse=True), "order")
        for incident in found:
            assert incident["status"] in OPEN and incident["title"], incident
            assert incident["service"]["summary"], incident
            assert incident["html_url"].startswith("https://"), incident

    @checks.check("4. the first page alone has 25, and the total is told when asked for")
    def _():
        page = client.jget("/incidents", params={"statuses[]": OPEN, "limit": 25})
        equal((len(page["incidents"]), page["limit"], page["offset"], page["more"]), (25, 25, 0, True), "page")
        page = client.jget("/incidents", params={"statuses[]": OPEN, "limit": 1, "total": "true"})
        assert page["total"] >= setup.open_incidents, page["total"]

    @checks.check("6. create an incident")
    def _():
        body = {"type": "incident_body", "details": "Customers cannot pay."}
        service = {"id": setup.service_id, "type": "service_reference"}
        made.incident = client.rpost(
            "/incidents",
            json={
                "type": "incident",
                "title": f"Payment API is down ({tag})",
                "service": service,
                "urgency": "high",
                "incident_key": f"{tag}-created",
                "body": body,
            },
        )
        equal(made.incident["status"], "triggered", "status")
        equal(made.incident["urgency"], "high", "urgency")
        equal(made.incident["service"]["id"], setup.service_id, "service")

    @checks.check("6. a second open incident with the same key is refused")
    def _():
        service = {"id": setup.service_id, "type": "service_reference"}
        again = {"type": "incident", "title": "Again", "service": service, "incident_key": f"{tag}-created"}
        refused = refusal(lambda: client.rpost("/incidents", json=again), error)
        equal(refused.response.status_code, 400, "status")
        equal(refused.response.json()["error"]["code"], 2002, "code")

    @checks.check("5. get one incident, by id and by its own address")
    def _():
        found = client.rget(f"/incidents/{made.incident['id']}", params={"include[]": ["body"]})
        equal(found["id"], made.incident["id"], "id")
        equal(found["body"]["details"], "Customers cannot pay.", "details")
        equal(client.rget(made.incident)["title"], made.incident["title"], "title")

    @checks.check("5. an incident that does not exist is 404")
    def _():
        refused = refusal(lambda: client.rget("/incidents/QNONESUCH00000"), error)
        equal(refused.response.status_code, 404, "status")

    @checks.check("7. acknowledge an incident")
    def _():
        changed = client.rput(made.incident, json={"type": "incident_reference", "status": "acknowledged"})
        equal(changed["status"], "acknowledged", "status")
        equal(len(changed["acknowledgements"]), 1, "number of acknowledgements")

    @checks.check("8. add a note and read it back")
    def _():
        path = f"/incidents/{made.incident['id']}/notes"
        note = client.rpost(path, json={"content": "Rolled back — looking good 🔥"})
        equal(note["content"], "Rolled back — looking good 🔥", "content")
        notes = client.rget(path)
        equal([note["content"] for note in notes], ["Rolled back — looking good 🔥"], "notes")
        assert notes[0]["user"]["summary"], notes

    @checks.check("7. resolve an incident with a resolution")
    def _():
        changed = client.rput(
            f"/incidents/{made.incident['id']}",
            json={"type": "incident_reference", "status": "resolved", "resolution": "Restarted the pods."},
        )
        equal(changed["status"], "resolved", "status")
        entries = client.list_all(f"/incidents/{made.incident['id']}/log_entries")
        kinds = [entry["type"] for entry in entries]
        for kind in ("trigger", "acknowledge", "annotate", "resolve"):
            assert f"{kind}_log_entry" in kinds, kinds

    @checks.check("7. several incidents at once")
    def _():
        found = client.rget("/incidents", params={"statuses[]": ["triggered"], "limit": 3})
        updates = [{"id": one["id"], "type": "incident_reference", "status": "acknowledged"} for one in found]
        changed = client.rput("/incidents", json=updates)
        equal({one["id"] for one in changed}, {one["id"] for one in found}, "ids")
        equal({one["status"] for one in changed}, {"acknowledged"}, "statuses")


def schedule(user):
    """Returns a schedule in which one user is on call all the time."""
    start = utc(datetime.now(timezone.utc) - timedelta(days=1))
    layer = {
        "name": "Always",
        "start": start,
        "rotation_virtual_start": start,
        "rotation_turn_length_seconds": 604800,
        "users": [{"user": {"id": user["id"], "type": "user_reference"}}],
    }
    return {
        "type": "schedule",
        "name": "Payments, around the clock",
        "time_zone": "Europe/Zurich",
        "schedule_layers": [layer],
    }


def policy(schedule):
    """Returns an escalation policy that asks a schedule."""
    targets = [{"id": schedule["id"], "type": "schedule_reference"}]
    return {
        "type": "escalation_policy",
        "name": "Payments",
        "escalation_rules": [{"escalation_delay_in_minutes": 30, "targets": targets}],
    }


def on_call_recipes(checks, setup, client):
    """Recipes 9 and 10."""
    made = SimpleNamespace()

    @checks.check("9. who is on call, with or without a schedule")
    def _():
        made.users = client.list_all("users")
        made.schedule = client.rpost("/schedules", json=schedule(made.users[0]))
        client.rpost("/escalation_policies", json=policy(made.schedule))
        found = client.list_all("oncalls")
        for one in found:
            assert one["user"]["summary"] and one["escalation_policy"]["summary"], one
            assert one["escalation_level"] >= 1, one
        assert {one["user"]["id"] for one in found} <= {user["id"] for user in made.users}, found
        names = {(one["schedule"] or {"summary": "Direct assignment"})["summary"] for one in found}
        assert {"Direct assignment", "Payments, around the clock"} <= names, names

    @checks.check("10. override a schedule for 8 hours; each item of the answer has its own status")
    def _():
        assert made.schedule["id"] in {one["id"] for one in client.list_all("schedules")}
        made.path = f"/schedules/{made.schedule['id']}/overrides"
        oncalls = client.list_all("oncalls", params={"schedule_ids[]": [made.schedule["id"]]})
        now_on_call = {one["user"]["id"] for one in oncalls}
        made.user = next(user for user in made.users if user["id"] not in now_on_call)
        start = datetime.now(timezone.utc)
        made.window = {"since": utc(start), "until": utc(start + timedelta(hours=8))}
        override = {
            "start": made.window["since"],
            "end": made.window["until"],
            "user": {"id": made.user["id"], "type": "user_reference"},
        }
        answer = client.rpost(made.path, json={"overrides": [override]})
        equal([one["status"] for one in answer], [201], "statuses")
        equal(answer[0]["override"]["user"]["id"], made.user["id"], "user")
        made.override = answer[0]["override"]

    @checks.check("10. one bad override among good ones fails alone")
    def _():
        start = datetime.now(timezone.utc) + timedelta(days=2)
        user = {"id": made.user["id"], "type": "user_reference"}
        good = {"start": utc(start), "end": utc(start + timedelta(hours=1)), "user": user}
        bad = {"start": utc(start), "end": utc(start - timedelta(hours=1)), "user": user}
        answer = client.rpost(made.path, json={"overrides": [good, bad]})
        equal([one["status"] for one in answer], [201, 400], "statuses")
        assert answer[1]["errors"], answer

    @checks.check("10. the override is listed, and its user is on call")
    def _():
        listed = client.rget(made.path, params=made.window)
        assert made.override["id"] in {one["id"] for one in listed}, listed
        oncalls = client.list_all("oncalls", params={"schedule_ids[]": [made.schedule["id"]]})
        equal({one["user"]["id"] for one in oncalls}, {made.user["id"]}, "who is on call")

    @checks.check("10. the override is taken back")
    def _():
        client.rdelete(f"{made.path}/{made.override['id']}")
        oncalls = client.list_all("oncalls", params={"schedule_ids[]": [made.schedule["id"]]})
        assert made.user["id"] not in {one["user"]["id"] for one in oncalls}, oncalls


def service_recipes(checks, setup, client, events_with, tag):
    """Recipes 11 to 13. `events_with` makes a client of events for a key."""
    made = SimpleNamespace()

    @checks.check("11. list services")
    def _():
        found = client.list_all("services")
        assert setup.service_id in {service["id"] for service in found}, found
        for service in found:
            assert service["name"] and service["status"] and service["id"], service

    @checks.check("12. create a service")
    def _():
        policy = client.list_all("escalation_policies")[0]
        made.service = client.rpost(
            "/services",
            json={
                "type": "service",
                "name": f"Payment API ({tag})",
                "description": "Takes the customers' money",
                "escalation_policy": {"id": policy["id"], "type": "escalation_policy_reference"},
                "alert_creation": "create_alerts_and_incidents",
                "incident_urgency_rule": {"type": "constant", "urgency": "high"},
                "auto_resolve_timeout": 14400,
                "acknowledgement_timeout": 1800,
            },
        )
        found = client.rget(made.service)
        equal(found["description"], "Takes the customers' money", "description")
        equal((found["auto_resolve_timeout"], found["acknowledgement_timeout"]), (14400, 1800), "timeouts")
        equal(found["escalation_policy"]["id"], policy["id"], "escalation policy")
        equal(client.find("services", made.service["name"])["id"], made.service["id"], "id of the service by name")

    @checks.check("13. add an integration and use its key")
    def _():
        integration = {"type": "events_api_v2_inbound_integration", "name": "Events API"}
        added = client.rpost(f"/services/{made.service['id']}/integrations", json=integration)
        key = added["integration_key"]
        equal(len(key), 32, "length of the key")
        shown = client.rget(f"/services/{made.service['id']}/integrations/{added['id']}")
        equal(shown["integration_key"], key, "key")
        summary = f"First alert of a new service ({tag})"
        dedup_key = events_with(key).trigger(summary, "new-service", severity="critical")
        found = client.list_all("incidents", params={"service_ids[]": [made.service["id"]]})
        equal([incident["title"] for incident in found], [summary], "incidents of the service")
        alerts = client.list_all(f"/incidents/{found[0]['id']}/alerts")
        equal([alert["alert_key"] for alert in alerts], [dedup_key], "alerts of the incident")
        sent(dedup_key, "triggered", summary)


def read_back_recipes(checks, setup, client, tag):
    """What events became, as the REST API shows it."""

    @checks.check("3. links, images and details of the full event are on its alert")
    def _():
        key = f"{tag}-srv01-disk-space"
        incident = client.rget("/incidents", params={"incident_key": key})[0]
        alert = client.list_all(f"/incidents/{incident['id']}/alerts")[0]
        equal(alert["alert_key"], key, "key")
        equal(alert["severity"], "critical", "severity")
        contexts = alert["body"]["contexts"]
        equal({one["type"] for one in contexts}, {"link", "image"}, "kinds of context")
        assert any(one.get("href") == "https://wiki.example.test/runbooks/disk" for one in contexts), contexts
        assert any(one.get("src") == "https://graphs.example.test/disk.png" for one in contexts), contexts
        assert "free_gb" in str(alert["body"]), alert["body"]

    @checks.check("17. the change event is listed, and opened nothing")
    def _():
        summary = f"Deployed api-service v2.5.0 to production ({tag})"
        found = [change for change in client.list_all("change_events") if change["summary"] == summary]
        equal(len(found), 1, "number of change events")
        equal(found[0]["custom_details"]["deployer"], "O'Neil \"Ann\"", "detail")
        titles = [incident["title"] for incident in client.list_all("incidents")]
        assert summary not in titles, "a change event opened an incident"


def debug_recipes(checks, setup, client, anonymous, account, error):
    """Recipe 18. `anonymous` has a wrong token, `account` one without a user."""

    @checks.check("18. who am I")
    def _():
        me = client.rget("/users/me")
        equal(me["email"], setup.email, "e-mail")
        equal(client.subdomain, me["html_url"].split("//")[1].split(".")[0], "subdomain")

    @checks.check("18. the rate limit is in the headers")
    def _():
        headers = client.get("/users").headers
        limit, remaining = int(headers["ratelimit-limit"]), int(headers["ratelimit-remaining"])
        assert 0 <= remaining < limit and int(headers["ratelimit-reset"]) >= 0, dict(headers)
        assert headers["x-request-id"], dict(headers)

    @checks.check("18. a wrong token is refused with 401")
    def _():
        refused = refusal(lambda: anonymous.rget("/users"), error)
        equal(refused.response.status_code, 401, "status")

    @checks.check("18. a token without a user has no `me`, and needs a From to write")
    def _():
        refused = refusal(lambda: account.rget("/users/me"), error)
        equal(refused.response.status_code, 400, "status of /users/me")
        service = {"id": setup.service_id, "type": "service_reference"}
        incident = {"type": "incident", "title": "From nobody", "service": service}
        refused = refusal(lambda: account.rpost("/incidents", json=incident), error)
        equal(refused.response.status_code, 400, "status of a create")
        made = account.rpost("/incidents", json=incident, headers={"From": setup.email})
        equal(made["title"], "From nobody", "title")
