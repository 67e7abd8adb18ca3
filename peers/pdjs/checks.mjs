// Runs named checks and prints one line each; the lines are read by `cargo xtask peers`.

import { setTimeout } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";

const env = process.env;

/** Where to send to and with what, as `cargo xtask peers` says in the environment. */
export const setup = {
  isSandbox: env.PEER_AGAINST === "sandbox",
  tlsHost: new URL(env.PEER_TLS_URL).host,
  url: env.PEER_URL,
  modules: env.PEER_NODE_DIR,
  routingKey: env.PEER_ROUTING_KEY,
  userToken: env.PEER_USER_TOKEN,
  accountToken: env.PEER_ACCOUNT_TOKEN,
  email: env.PEER_FROM,
  serviceId: env.PEER_SERVICE_ID,
  openIncidents: Number(env.PEER_OPEN_INCIDENTS),
};

let passed = 0;
let failed = 0;

/** Runs a check; it fails by throwing. */
export async function check(name, run) {
  try {
    await run();
    passed += 1;
    console.log(`ok ${name}`);
  } catch (error) {
    failed += 1;
    // This client rejects with the response itself when its body is not JSON.
    const reason = error instanceof Error ? error.message : `status ${error?.status}, and no JSON`;
    console.log(`FAILED ${name}: ${reason.replace(/\s+/g, " ")}`);
    console.error(error);
  }
}

/** Prints the sum and ends the program. */
export function finish() {
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}

/** Tells what must be found at the far side in the end, once. */
export function sent(key, status, summary, triggers = 1) {
  console.log(`sent ${JSON.stringify({ key, status, summary, triggers })}`);
}

/**
 * Waits until an alert is at the far side. The bridge carries on what holds when it gets there: an alert that is over
 * by then pages nobody.
 */
export async function passedOn(key) {
  for (let tries = 0; !setup.isSandbox && tries < 400; tries += 1) {
    const state = await (await fetch(`${env.PEER_CONTROL_URL}/state`)).json();
    if (state.pagerduty.incidents.some((incident) => incident.alerts.some((alert) => alert.key === key))) {
      return;
    }
    await setTimeout(50);
  }
  that(setup.isSandbox, `${key} is not passed on within 20 s`);
}

/** Tells of a change event that must be found at the far side, once. */
export function sentChange(summary) {
  console.log(`sent ${JSON.stringify({ change: summary })}`);
}

/** Compares, and says both sides when they differ. */
export function equal(found, wanted, what) {
  if (!isDeepStrictEqual(found, wanted)) {
    throw new Error(`${what} is ${JSON.stringify(found)}, not ${JSON.stringify(wanted)}`);
  }
}

/** Fails unless something holds. */
export function that(holds, otherwise) {
  if (!holds) {
    throw new Error(typeof otherwise === "string" ? otherwise : JSON.stringify(otherwise));
  }
}
