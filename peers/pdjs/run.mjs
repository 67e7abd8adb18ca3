// npm `@pagerduty/pdjs`: events, change events and REST over TLS.

import { createRequire } from "node:module";
import { join } from "node:path";

import { check, equal, finish, passedOn, sent, sentChange, setup, that } from "./checks.mjs";

const { api, event, trigger, acknowledge, resolve, change } = createRequire(join(setup.modules, "peer.js"))(
  "@pagerduty/pdjs",
);

// The client speaks https only; it finds the name of a resource by the `.com/` in the address.
const events = { server: setup.tlsHost };
const pd = api({
  token: setup.userToken,
  server: `${setup.tlsHost}/api.pagerduty.com`,
  headers: { From: setup.email },
});

function utc(moment) {
  return moment.toISOString().replace(/\.\d+Z$/, "Z");
}

function alert(key, summary, more = {}) {
  const payload = { summary, source: "pdjs", severity: "critical", ...more };
  return { routing_key: setup.routingKey, dedup_key: key, payload };
}

function ok(answer, status = 202) {
  equal(answer.response.status, status, `status (${JSON.stringify(answer.data)})`);
  return answer.data;
}

async function eventRecipes() {
  await check("1. trigger an alert without a key: the answer names one", async () => {
    const summary = "High CPU usage on server-02 (pdjs)";
    const { dedup_key, ...data } = alert("", summary, { custom_details: { cpu_percent: 95.2, hostname: "server-02" } });
    const answer = ok(await event({ ...events, data: { ...data, event_action: "trigger" } }));
    equal([answer.status, answer.message], ["success", "Event processed"], "answer");
    sent(answer.dedup_key, "triggered", summary);
  });

  await check("2. trigger, acknowledge and resolve by key", async () => {
    const [key, summary] = ["pdjs-lifecycle", "Queue is growing (pdjs)"];
    const data = alert(key, summary);
    equal(ok(await trigger({ ...events, data })).dedup_key, key, "key of the trigger");
    await passedOn(key);
    const { payload, ...rest } = data;
    equal(ok(await acknowledge({ ...events, data: rest })).dedup_key, key, "key of the acknowledgement");
    equal(ok(await resolve({ ...events, data: rest })).dedup_key, key, "key of the resolve");
    sent(key, "resolved", summary);
  });

  await check("2. acknowledge an alert that stays open", async () => {
    const [key, summary] = ["pdjs-acknowledged", "Certificate expires soon (pdjs)"];
    ok(await trigger({ ...events, data: alert(key, summary) }));
    ok(await acknowledge({ ...events, data: { routing_key: setup.routingKey, dedup_key: key } }));
    sent(key, "acknowledged", summary);
  });

  await check("3. full event with component, group, class, links and images", async () => {
    const [key, summary] = ["pdjs-srv01-disk-space", "Disk space critical on srv01 (pdjs)"];
    const more = { component: "storage", group: "infrastructure", class: "disk", custom_details: { free_gb: 2 } };
    const data = {
      ...alert(key, summary, more),
      client: "Monitoring",
      client_url: "https://monitoring.example.test",
      links: [{ href: "https://wiki.example.test/runbooks/disk", text: "Runbook" }],
      images: [{ src: "https://graphs.example.test/disk.png", href: "https://graphs.example.test", alt: "Disk" }],
    };
    equal(ok(await trigger({ ...events, data })).dedup_key, key, "key");
    sent(key, "triggered", summary);
  });

  await check("17. change event with details and links", async () => {
    const summary = "Deployed api-service v2.5.0 to production (pdjs)";
    const data = {
      routing_key: setup.routingKey,
      payload: { summary, source: "github-actions", timestamp: utc(new Date()), custom_details: { version: "v2.5.0" } },
      links: [{ href: "https://git.example.test/commit/abc", text: "View Commit" }],
    };
    equal(ok(await change({ ...events, data })).message, "Change event processed", "answer");
    sentChange(summary);
  });

  await check("18. an event that is wrong is answered 400 with the reasons", async () => {
    const wrong = await trigger({ ...events, data: alert("x", "x", { severity: "CRITICAL", source: "" }) });
    equal(wrong.response.status, 400, "status");
    that(wrong.data.errors.includes("'payload.source' is missing or blank"), wrong.data);
  });
}

async function incidentRecipes() {
  let made;
  const service = { id: setup.serviceId, type: "service_reference" };
  const open = ["triggered", "acknowledged"];

  await check("4. all open incidents over more than one page", async () => {
    const data = { "statuses[]": open, sort_by: "created_at:desc", limit: 25 };
    const found = await pd.all("/incidents", { data });
    const ids = new Set(found.resource.map((incident) => incident.id));
    equal(ids.size, found.resource.length, "number of different incidents");
    that(found.data.length > 4, `${found.data.length} pages`);
    that(ids.size >= setup.openIncidents && setup.openIncidents > 100, `${ids.size} of ${setup.openIncidents}`);
    that(found.resource.every((one) => open.includes(one.status) && one.title && one.service.summary), "fields");
  });

  await check("4. page by page", async () => {
    const first = await pd.get("/incidents", { data: { "statuses[]": open, limit: 25 } });
    equal([first.resource.length, first.data.offset, first.data.more], [25, 0, true], "first page");
    const second = await first.next();
    equal(second.data.offset, 25, "offset of the second page");
    that(first.resource.every((one) => one.id !== second.resource[0].id), "the pages overlap");
  });

  await check("6. create an incident", async () => {
    const body = { type: "incident_body", details: "Customers cannot pay." };
    const incident = { type: "incident", title: "Payment API is down (pdjs)", service, urgency: "high", body };
    made = ok(await pd.post("/incidents", { data: { incident } }), 201).incident;
    equal([made.status, made.urgency], ["triggered", "high"], "status and urgency");
  });

  await check("5. get one incident", async () => {
    const found = await pd.get(`/incidents/${made.id}`);
    equal(ok(found, 200).incident.title, made.title, "title");
    const absent = await pd.get("/incidents/QNONESUCH00000");
    equal([absent.response.status, absent.data.error.code], [404, 2100], "answer to an unknown id");
  });

  await check("7. acknowledge and resolve an incident", async () => {
    for (const status of ["acknowledged", "resolved"]) {
      const incident = { type: "incident_reference", status };
      const changed = await pd.put(`/incidents/${made.id}`, { data: { incident } });
      equal(ok(changed, 200).incident.status, status, "status");
      equal(changed.resource.status, status, "status of the resource");
    }
  });

  await check("8. add a note and read it back", async () => {
    const data = { note: { content: "Rolled back — looking good 🔥" } };
    const added = await pd.post(`/incidents/${made.id}/notes`, { data });
    equal([200, 201].includes(added.response.status), true, `status ${added.response.status} is fine`);
    const { notes } = ok(await pd.get(`/incidents/${made.id}/notes`), 200);
    equal(notes.map((note) => note.content), [data.note.content], "notes");
  });

  await check("3. links and images of the full event are on its alert", async () => {
    const [incident] = (await pd.get("/incidents", { data: { incident_key: "pdjs-srv01-disk-space" } })).resource;
    const { alerts } = ok(await pd.get(`/incidents/${incident.id}/alerts`), 200);
    equal(alerts.map((one) => one.alert_key), ["pdjs-srv01-disk-space"], "alerts");
    equal(alerts[0].body.contexts.map((one) => one.type).sort(), ["image", "link"], "kinds of context");
  });
}

function scheduleOf(user) {
  const start = utc(new Date(Date.now() - 86_400_000));
  const layer = {
    name: "Always",
    start,
    rotation_virtual_start: start,
    rotation_turn_length_seconds: 604800,
    users: [{ user: { id: user.id, type: "user_reference" } }],
  };
  const name = "Payments, around the clock";
  return { type: "schedule", name, time_zone: "Europe/Zurich", schedule_layers: [layer] };
}

async function directoryRecipes() {
  const made = {};

  await check("9. who is on call, with or without a schedule", async () => {
    const [user] = (await pd.get("/users")).resource;
    made.schedule = ok(await pd.post("/schedules", { data: { schedule: scheduleOf(user) } }), 201).schedule;
    const targets = [{ id: made.schedule.id, type: "schedule_reference" }];
    const rules = [{ escalation_delay_in_minutes: 30, targets }];
    const escalation_policy = { type: "escalation_policy", name: "Payments", escalation_rules: rules };
    ok(await pd.post("/escalation_policies", { data: { escalation_policy } }), 201);
    const { oncalls } = ok(await pd.get("/oncalls"), 200);
    that(oncalls.length > 0, "nobody is on call");
    that(oncalls.every((one) => one.user.summary && one.escalation_policy.summary && one.escalation_level >= 1), oncalls);
    const names = oncalls.map((one) => one.schedule?.summary ?? "Direct assignment");
    that(names.includes("Direct assignment") && names.includes(made.schedule.name), names);
  });

  await check("10. override a schedule; each item of the answer has its own status", async () => {
    const [schedule] = (await pd.get("/schedules")).resource;
    equal(schedule.id, made.schedule.id, "id of the schedule");
    const user = (await pd.get("/users")).resource.at(-1);
    const start = new Date();
    const end = new Date(start.getTime() + 8 * 3_600_000);
    const override = { start: utc(start), end: utc(end), user: { id: user.id, type: "user_reference" } };
    const data = { overrides: [override] };
    const items = ok(await pd.post(`/schedules/${schedule.id}/overrides`, { data }), 201);
    equal(items.map((item) => item.status), [201], "statuses");
    const { oncalls } = ok(await pd.get("/oncalls", { data: { "schedule_ids[]": [schedule.id] } }), 200);
    equal([...new Set(oncalls.map((one) => one.user.id))], [user.id], "who is on call");
    const removed = await pd.delete(`/schedules/${schedule.id}/overrides/${items[0].override.id}`);
    that([200, 204].includes(removed.status), `status ${removed.status}`);
  });

  await check("11. list services", async () => {
    const services = (await pd.get("/services")).resource;
    that(services.some((service) => service.id === setup.serviceId && service.name && service.status), services);
  });

  await check("12. create a service", async () => {
    const [policy] = (await pd.get("/escalation_policies")).resource;
    const service = {
      type: "service",
      name: "Payment API (pdjs)",
      description: "Takes the customers' money",
      escalation_policy: { id: policy.id, type: "escalation_policy_reference" },
      alert_creation: "create_alerts_and_incidents",
      incident_urgency_rule: { type: "constant", urgency: "high" },
      auto_resolve_timeout: 14400,
      acknowledgement_timeout: 1800,
    };
    made.service = ok(await pd.post("/services", { data: { service } }), 201).service;
    equal(made.service.acknowledgement_timeout, 1800, "acknowledgement time-out");
  });

  await check("13. add an integration and use its key", async () => {
    const integration = { type: "events_api_v2_inbound_integration", name: "Events API" };
    const added = ok(await pd.post(`/services/${made.service.id}/integrations`, { data: { integration } }), 201);
    const summary = "First alert of a new service (pdjs)";
    const data = { ...alert("pdjs-new-service", summary), routing_key: added.integration.integration_key };
    ok(await trigger({ ...events, data }));
    const found = (await pd.get("/incidents", { data: { "service_ids[]": [made.service.id] } })).resource;
    equal(found.map((incident) => incident.title), [summary], "incidents of the service");
    sent("pdjs-new-service", "triggered", summary);
  });

  await check("17. the change event is listed", async () => {
    const changes = (await pd.get("/change_events")).resource;
    equal(changes.map((one) => one.summary), ["Deployed api-service v2.5.0 to production (pdjs)"], "change events");
  });

  await check("18. who am I, and what a wrong token is told", async () => {
    const me = await pd.get("/users/me");
    equal(ok(me, 200).user.email, setup.email, "e-mail");
    that(Number(me.response.headers.get("ratelimit-remaining")) > 0, "no rate limit in the headers");
    const account = await pd.get("/users/me", { token: setup.accountToken });
    equal(account.response.status, 400, "status for a token without a user");
    // A refusal that is no JSON makes this client reject with the response.
    const wrong = await pd.get("/users/me", { token: "wrong" }).catch((response) => ({ response }));
    equal(wrong.response.status, 401, "status for a wrong token");
  });
}

await eventRecipes();
if (setup.isSandbox) {
  await incidentRecipes();
  await directoryRecipes();
}
finish();
