// Keeps what changes on the page fresh. Everything works without it: every button is a form.
"use strict";

const EVERY_MS = 2000;

async function refresh() {
  if (document.hidden) {
    return;
  }
  const answer = await fetch(location.href, { cache: "no-store" });
  if (!answer.ok) {
    return;
  }
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const part of document.querySelectorAll("[data-live]")) {
    const next = fresh.getElementById(part.id);
    // What somebody is using keeps still, so that no click lands on something else.
    const used = part.matches(":hover, :focus-within") && part.querySelector("form");
    if (next && !used && next.innerHTML !== part.innerHTML) {
      part.replaceChildren(...next.childNodes);
    }
  }
}

async function keepFresh() {
  try {
    await refresh();
  } catch {
    // The sandbox is away; the next turn asks again.
  }
  setTimeout(keepFresh, EVERY_MS);
}

setTimeout(keepFresh, EVERY_MS);
