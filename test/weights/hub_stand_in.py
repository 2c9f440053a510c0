# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""A stand-in for both hubs on loopback: listings, files, redirection to a second server, Range, and their failures.

It speaks what the hubs' own clients ask for: modelscope_hub 0.5.1 downloaded a model from it, and huggingface_hub 2.4.0
read its listing, when it was made. No real hub was compared.
"""

import hashlib
import json
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, quote, unquote, urlsplit

COMMIT = 'c0ffee' * 6 + 'c0de'
TOKEN = 'hf_secret0123456789'


class StandIn:
    """What the hub holds, and how it fails; tests change the attributes."""

    def __init__(self, repo: str, files: dict[str, bytes]) -> None:
        self.repo, self.files = repo, files
        self.hub = self.cdn = ''
        self.gated = False
        self.etag = True
        self.names: dict[str, str] = {}
        """Names in the listing instead of the true ones."""
        self.sizes: dict[str, int] = {}
        self.statuses: list[tuple[int, dict[str, str]]] = []
        """Answers of the second server instead of the next files."""
        self.listing_statuses: list[tuple[int, dict[str, str]]] = []
        self.cuts: list[int] = []
        """The next files are cut off after so many bytes."""
        self.damaged = 0
        """So many of the next files come with a wrong first byte."""
        self.stalls = 0
        """So many of the next files stop coming, with the connection left open."""
        self.ranges = True
        self.misplaced = 0
        """So many of the next parts of files begin elsewhere than was asked for."""
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        """Server, path and headers of each request."""
        self.released = threading.Event()

    def of(self, server: str) -> list[tuple[str, dict[str, str]]]:
        return [(path, headers) for host, path, headers in self.asked if host == server]

    def huggingface(self) -> object:
        entries = []
        for name, data in self.files.items():
            entry = {'rfilename': self.names.get(name, name), 'size': self.sizes.get(name, len(data))}
            if name.endswith('.safetensors'):
                entry['lfs'] = {'size': entry['size'], 'sha256': hashlib.sha256(data).hexdigest(), 'pointerSize': 134}
                entry['blobId'] = '0' * 40
            else:
                entry['blobId'] = hashlib.sha1(b'blob %d\0' % len(data) + data).hexdigest()
            entries.append(entry)
        return {'id': self.repo, 'sha': COMMIT, 'gated': 'auto' if self.gated else False, 'siblings': entries}

    def modelscope(self) -> object:
        entries = [{'Path': 'assets', 'Name': 'assets', 'Type': 'tree', 'Size': 0, 'Sha256': ''}]
        for name, data in self.files.items():
            size = self.sizes.get(name, len(data))
            digest = hashlib.sha256(data).hexdigest()
            entries.append({'Path': self.names.get(name, name), 'Type': 'blob', 'Size': size, 'Sha256': digest})
        return {'Code': 200, 'Success': True, 'Message': 'success', 'Data': {'Files': entries}}


class Handler(BaseHTTPRequestHandler):
    stand_in: StandIn
    server_name = ''
    timeout = 20

    def do_GET(self) -> None:
        world, parts = self.stand_in, urlsplit(self.path)
        world.asked.append((self.server_name, self.path, dict(self.headers)))
        if self.server_name == 'cdn':
            self.file(unquote(parts.path.removeprefix('/blobs/')))
            return
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        models = '/api/v1/models/'
        if parts.path.endswith('/repo/files') and parts.path.startswith(models):
            self.listing(parts.path.removeprefix(models).removesuffix('/repo/files'), query['Revision'], 'master')
        elif parts.path.endswith('/repo') and parts.path.startswith(models):
            self.redirect(query['FilePath'])
        elif parts.path.startswith('/api/models/'):
            repo, _, revision = parts.path.removeprefix('/api/models/').partition('/revision/')
            self.listing(repo, unquote(revision), 'main')
        else:
            repo, _, rest = parts.path[1:].partition('/resolve/')
            self.redirect(unquote(rest.partition('/')[2]))

    def listing(self, repo: str, revision: str, default: str) -> None:
        world = self.stand_in
        if world.listing_statuses:
            status, headers = world.listing_statuses.pop(0)
            self.answer(status, b'', headers)
        elif repo != world.repo:
            headers = {'X-Error-Code': 'RepoNotFound'} if default == 'main' else {}
            hidden = default == 'main' and not self.headers['Authorization']
            self.answer(401 if hidden else 404, b'{}', headers)
        elif revision not in (default, COMMIT):
            self.answer(404, b'{}', {'X-Error-Code': 'RevisionNotFound'} if default == 'main' else {})
        else:
            found = world.huggingface() if default == 'main' else world.modelscope()
            self.answer(200, json.dumps(found).encode(), {'Content-Type': 'application/json'})

    def redirect(self, name: str) -> None:
        world = self.stand_in
        if world.gated and TOKEN not in self.headers.get('Authorization', ''):
            status = 403 if self.headers['Authorization'] else 401
            self.answer(status, b'', {'X-Error-Code': 'GatedRepo'})
        elif name.endswith('.safetensors'):
            self.answer(302, b'', {'Location': f'{world.cdn}/blobs/{quote(name)}?Signature=signed'})
        else:
            self.file(name)

    def file(self, name: str) -> None:
        world, data = self.stand_in, self.stand_in.files.get(name)
        if self.server_name == 'cdn' and world.statuses:
            status, headers = world.statuses.pop(0)
            self.answer(status, b'', headers)
            return
        if data is None:
            self.answer(404, b'', {})
            return
        if self.server_name == 'cdn' and world.damaged:
            world.damaged -= 1
            data = bytes([data[0] ^ 1]) + data[1:]
        start = int(self.headers.get('Range', 'bytes=0-')[6:-1]) if world.ranges else 0
        if start and world.misplaced:
            world.misplaced -= 1
            start //= 2
        if start >= len(data) and start:
            self.answer(416, b'', {'Content-Range': f'bytes */{len(data)}'})
            return
        self.send_response(206 if start else 200)
        self.send_header('Content-Length', str(len(data) - start))
        if start:
            self.send_header('Content-Range', f'bytes {start}-{len(data) - 1}/{len(data)}')
        self.end_headers()
        body = data[start:]
        if self.server_name == 'cdn' and world.stalls:
            world.stalls -= 1
            self.wfile.write(body[: len(body) // 2])
            world.released.wait(20)
        elif self.server_name == 'cdn' and world.cuts:
            self.wfile.write(body[: world.cuts.pop(0)])
            linger = struct.pack('ii', 1, 0)  # a reset instead of an orderly end, half of the times
            if len(world.cuts) % 2:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.connection.close()
        else:
            self.wfile.write(body)

    def answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *words: object) -> None:
        pass


@contextmanager
def running(world: StandIn) -> Iterator[StandIn]:
    """Serve it on two ports of loopback, one for the hub and one for the files behind it."""
    servers = []
    for name in ('hub', 'cdn'):
        handler = type(name, (Handler,), {'stand_in': world, 'server_name': name})
        server = ThreadingHTTPServer(('127.0.0.1', 0), handler)
        server.daemon_threads = True
        server.handle_error = lambda request, client_address: None
        threading.Thread(target=server.serve_forever, kwargs={'poll_interval': 0.02}, daemon=True).start()
        setattr(world, name, f'http://127.0.0.1:{server.server_address[1]}')
        servers.append(server)
    try:
        yield world
    finally:
        world.released.set()
        for server in servers:
            server.shutdown()
            server.server_close()
