"""Python `mcp`: the tools for assistants, over standard input and output and over HTTP, in both eras of the protocol."""

import asyncio
import os
import sys
from contextlib import asynccontextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "common"))

import far
import httpx2
from checks import Checks, Setup, equal
from mcp import Client, MCPError, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client

TOKEN = os.environ["PEER_API_TOKEN"]
PROGRAM = os.environ["PEER_PROGRAM"]

# As `examples/assistants.toml` says.
NOTES_PER_HOUR = 2


@asynccontextmanager
async def over_http(setup, mode):
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with httpx2.AsyncClient(headers=headers, trust_env=False) as http:
        async with Client(streamable_http_client(f"{setup.url}/mcp", http_client=http), mode=mode) as client:
            yield client


@asynccontextmanager
async def over_stdio(setup, mode):
    env = {"PAGEBRIDGE_URL": setup.url, "PAGEBRIDGE_API_TOKEN": TOKEN}
    started = StdioServerParameters(command=PROGRAM, args=["mcp"], env=env)
    async with Client(stdio_client(started), mode=mode) as client:
        yield client


WAYS = [
    ("stdio, 2026-07-28", over_stdio, "2026-07-28"),
    ("stdio, as they agree", over_stdio, "auto"),
    ("stdio, with a handshake", over_stdio, "legacy"),
    ("HTTP, 2026-07-28", over_http, "2026-07-28"),
    ("HTTP, as they agree", over_http, "auto"),
    ("HTTP, with a handshake", over_http, "legacy"),
]


def main():
    setup, checks = Setup(), Checks()

    def check(name):
        """Runs the decorated coroutine as a check."""
        return lambda function: checks.check(name)(lambda: asyncio.run(function()))

    for way, connect, mode in WAYS:
        # An incident of its own: a second acknowledgement would say nothing.
        incident = far.open_incident(setup, f"Disk full, {way}")

        @check(f"{way}: lists the tools with what they do")
        async def _():
            async with connect(setup, mode) as client:
                tools = {tool.name: tool for tool in (await client.list_tools()).tools}
                equal(tools["incident_find"].annotations.read_only_hint, True, "readOnlyHint of a listing")
                acknowledge = tools["incident_acknowledge"].annotations
                equal(
                    (acknowledge.read_only_hint, acknowledge.destructive_hint, acknowledge.idempotent_hint),
                    (False, False, True),
                    "hints of acknowledging",
                )
                for tool in tools.values():
                    hints = tool.annotations
                    assert None not in (
                        hints.read_only_hint,
                        hints.destructive_hint,
                        hints.idempotent_hint,
                        hints.open_world_hint,
                    ), f"{tool.name} lacks a hint"
                for missing in ("incident_resolve", "service_delete", "event_trigger"):
                    assert missing not in tools, f"{missing} is not allowed, and yet a tool"

        @check(f"{way}: reads")
        async def _():
            async with connect(setup, mode) as client:
                found = await client.call_tool("incident_get", {"entity_id": incident})
                equal((found.is_error or False, found.structured_content["result"]["id"]), (False, incident), "the incident")
                journal = await client.call_tool("bridge_journal", {})
                assert isinstance(journal.structured_content["entries"], list)

        @check(f"{way}: shows a change that is only tried, and makes it when it is meant")
        async def _():
            async with connect(setup, mode) as client:
                tried = await client.call_tool("incident_acknowledge", {"entity_id": incident, "dry_run": True})
                equal(tried.structured_content["result"]["dry_run"], True, "dry run")
                equal(far.status_of(setup, incident), "triggered", "status after a dry run")
                done = await client.call_tool("incident_acknowledge", {"entity_id": incident})
                equal(done.structured_content["ok"], True, "outcome")
                equal(far.status_of(setup, incident), "acknowledged", "status")

        @check(f"{way}: what cannot be done is told in words")
        async def _():
            async with connect(setup, mode) as client:
                for name, arguments in [
                    ("incident_get", {"entity_id": "PNONE01"}),
                    ("incident_get", {}),
                    ("incident_resolve", {"entity_id": incident}),
                    ("bridge_incident", {"number": "x"}),
                ]:
                    answer = await client.call_tool(name, arguments)
                    assert answer.is_error and len(answer.content[0].text) > 20, f"{name} {arguments}: {answer}"
                equal(far.status_of(setup, incident), "acknowledged", "status after what was not allowed")
                try:
                    await client.call_tool("no_such_tool", {})
                except MCPError as error:
                    equal(error.code, -32602, "code for an unknown tool")
                else:
                    raise AssertionError("a tool that does not exist was called")

    incident = far.open_incident(setup, "Noted")

    @check("a tool with a cap refuses the call after it, whatever the way, and says when it may be called again")
    async def _():
        for count in range(NOTES_PER_HOUR):
            async with (over_stdio if count % 2 else over_http)(setup, "auto") as client:
                note = await client.call_tool("incident_create_note", {"entity_id": incident, "content": f"note {count}"})
                equal(note.is_error or False, False, f"note {count}")
        for connect in (over_http, over_stdio):
            async with connect(setup, "auto") as client:
                refused = await client.call_tool("incident_create_note", {"entity_id": incident, "content": "too many"})
                equal(refused.is_error, True, "refusal")
                equal(refused.structured_content["error"]["kind"], "cap_reached", "kind")
                assert str(NOTES_PER_HOUR) in refused.content[0].text, refused.content[0].text
        equal(far.notes_of(setup, incident), [f"note {count}" for count in range(NOTES_PER_HOUR)], "notes")

    @check("without the token nobody gets in")
    async def _():
        async with httpx2.AsyncClient(trust_env=False) as http:
            answer = await http.post(f"{setup.url}/mcp", json={"jsonrpc": "2.0", "id": 1, "method": "tools/list"})
            equal(answer.status_code, 401, "status")

    @check("a page of another site does not get in, even with the token")
    async def _():
        headers = {"Authorization": f"Bearer {TOKEN}", "Origin": "https://evil.example"}
        async with httpx2.AsyncClient(headers=headers, trust_env=False) as http:
            answer = await http.post(f"{setup.url}/mcp", json={"jsonrpc": "2.0", "id": 1, "method": "tools/list"})
            equal(answer.status_code, 403, "status")

    checks.finish()


main()
