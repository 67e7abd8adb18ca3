"""TLS and a CONNECT proxy in front of a plain HTTP port, as a reverse proxy would be in production.

The bridge's intake speaks plain HTTP; some clients speak only https, and some only to PagerDuty's own host names. This
leads both to the intake. Arguments: the intake's port, a directory for the certificate. Prints one line of JSON.
"""

import asyncio
import json
import ssl
import sys
from pathlib import Path

import trustme

HOST = "127.0.0.1"
NAMES = ["localhost", HOST, "events.pagerduty.com", "events.eu.pagerduty.com"]


async def copy(reader, writer):
    """Passes bytes on until there are no more."""
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except (ConnectionError, ssl.SSLError):
        pass
    finally:
        writer.close()


async def join(reader, writer, port):
    """Connects a client with a port of this machine."""
    try:
        far_reader, far_writer = await asyncio.open_connection(HOST, port)
    except ConnectionError:
        writer.close()
        return
    await asyncio.gather(copy(reader, far_writer), copy(far_reader, writer))


async def main(intake_port, directory):
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*NAMES).configure_cert(context)
    ca_file = directory / "ca.pem"
    authority.cert_pem.write_to_path(str(ca_file))

    secure = await asyncio.start_server(lambda r, w: join(r, w, intake_port), HOST, 0, ssl=context)
    secure_port = secure.sockets[0].getsockname()[1]

    async def tunnel(reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        method, target, _ = head.split(b"\r\n")[0].decode().split(" ")
        if method != "CONNECT" or target.rsplit(":", 1)[0] not in NAMES:
            writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            writer.close()
            return
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await join(reader, writer, secure_port)

    proxy = await asyncio.start_server(tunnel, HOST, 0)
    proxy_port = proxy.sockets[0].getsockname()[1]
    ready = {
        "tls_url": f"https://{HOST}:{secure_port}",
        "proxy_url": f"http://{HOST}:{proxy_port}",
        "ca_file": str(ca_file),
    }
    print(json.dumps(ready), flush=True)
    await asyncio.Event().wait()


asyncio.run(main(int(sys.argv[1]), Path(sys.argv[2])))
