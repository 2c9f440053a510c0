# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.


"""The command ``robobrain serve``: the OpenAI API and this package's own over HTTP, without ROS."""

import argparse
import os
import sys
import threading
from pathlib import Path
from typing import Any

from robobrain_ros import checkpoints
from robobrain_ros.commands.arguments import WITH_EXAMPLES, positive, takes_files
from robobrain_ros.commands.output import console
from robobrain_ros.errors import BadRequest
from robobrain_ros.serving.config import ServeConfig, listen, wanted_key

EXAMPLES = """\
examples:
  robobrain serve --model /models/RoboBrain2.5-8B-NV     for programs on this machine
  robobrain serve --host 0.0.0.0 --api-key-file key.txt  for others, too
  robobrain serve --flagscale serve.yaml serve=8b        what FlagScale would serve
  robobrain serve --flagscale serve.yaml --print vllm    its command line; serves nothing

  curl http://127.0.0.1:9010/v1/models
  printf '{"instruction": "the red mug", "image": "%s"}' "$(base64 -w0 photo.jpg)" |
    curl http://127.0.0.1:9010/v1/robobrain/ask -H 'Content-Type: application/json' -d @-

endpoints:
  /v1/chat/completions, /v1/completions, /v1/responses, /v1/models, /health, /metrics   as vllm serve has them
  /v1/robobrain/ask   any task: the answer with pixels, plans and positions; /docs describes it

variables:
  ROBOBRAIN_API_KEY   the key, where --api-key-file is not given"""


def add(commands: Any) -> None:
    """Add the command to ``commands``, argparse's subparsers."""
    serve = commands.add_parser(
        'serve',
        help='the OpenAI API over HTTP, without ROS',
        description='Serve a model over HTTP until Ctrl-C. A running node does the same with the parameter serve.port.',
        epilog=EXAMPLES,
        formatter_class=WITH_EXAMPLES,
    )
    model = serve.add_argument(
        '--model',
        type=checkpoints.directory,
        metavar='tiny|DIR',
        help='directory of a model, or tiny: the demonstration model that ships with this package, which knows only '
        "its simulated table (default: the file's, or tiny)",
    )
    takes_files(model)
    serve.add_argument('--port', type=int, help=f"0: any that is free (default: the file's, or {ServeConfig.port})")
    serve.add_argument(
        '--host',
        help=f"address to listen on; others than loopback need a key (default: the file's, or {ServeConfig.host})",
    )
    key = serve.add_argument(
        '--api-key-file', default='', metavar='FILE', help='its only line is the key that clients have to send'
    )
    takes_files(key)
    serve.add_argument(
        '--served-model-name',
        default='',
        metavar='NAME',
        help="clients' name for the model (default: the file's for its own model, else the release's or the folder's)",
    )
    serve.add_argument(
        '--image-host', action='append', default=[], metavar='NAME', help='fetch images from this host; again for more'
    )
    serve.add_argument(
        '--max-requests',
        type=positive(int),
        default=ServeConfig.max_requests,
        help='most at a time, waiting ones included (default: %(default)s)',
    )
    file = serve.add_argument(
        '--flagscale',
        type=Path,
        metavar='FILE',
        help="FlagScale's serve.yaml says what to serve; with --print also a parameter file of the node, or a script "
        'with a line vllm serve',
    )
    takes_files(file)
    serve.add_argument(
        '--print',
        choices=('parameters', 'vllm', 'flagscale'),
        help='only print that file as parameters of the node, as a command line of vLLM, or as serve/NAME.yaml',
    )
    serve.add_argument(
        'changes',
        nargs='*',
        metavar='KEY=VALUE',
        help="other values for keys of FlagScale's file, such as experiment.envs.USE_FLAGGEMS=1",
    )
    serve.set_defaults(run=_serve)


def _serve(chosen: argparse.Namespace) -> int:
    from robobrain_ros.commands import serve_files
    from robobrain_ros.serving.deployment import Deployment

    if (chosen.print or chosen.changes) and not chosen.flagscale:
        raise BadRequest(
            f'{(chosen.print or chosen.changes[0])!r} is given, but no --flagscale FILE to print or change'
        )
    said = {
        'model': chosen.model and str(chosen.model),
        'served_model_name': chosen.served_model_name or None,
        'host': chosen.host,
        'port': chosen.port,
    }
    given = {name: value for name, value in said.items() if value is not None}
    if chosen.flagscale:
        deployment = serve_files.read(chosen.flagscale, chosen.changes, given)
    else:
        deployment = Deployment({'model': checkpoints.TINY, 'port': ServeConfig.port} | given)
    if chosen.print:
        text, notes = serve_files.printed(deployment, chosen.print)
    else:
        values, options, notes = serve_files.for_this_engine(deployment)
    for note in notes:
        print(f'robobrain serve: {note}', file=sys.stderr)
    if chosen.print:
        print(text, end='')
        return 0
    os.environ.update(deployment.environment)
    config = ServeConfig(
        port=values['serve.port'],
        host=values.get('serve.host', ServeConfig.host),
        api_key=wanted_key(chosen.api_key_file),
        model_name=values.get('serve.model_name', ServeConfig.model_name),
        image_hosts=tuple(chosen.image_host),
        max_requests=chosen.max_requests,
    )
    return run(values['model'], config, **options)


def run(model: Path | str, config: ServeConfig, **options: Any) -> int:
    """Serve a model until Ctrl-C; blocks.

    :param model: a checkpoint's folder, or ``tiny``
    :param config: who may ask, and where
    :param options: fields of EngineConfig
    """
    from robobrain_ros.brain.brain import Brain
    from robobrain_ros.engines.base import Loss
    from robobrain_ros.serving.server import HttpServer

    listen(config).close()  # taken ports are said before a model is loaded, which takes minutes
    out = console()

    def say(text: str) -> None:
        out.print(f'warning: {text}' if isinstance(text, Loss) else text)

    with Brain.load(model, report=say, shared=True, **options) as brain:
        server = HttpServer(brain, config)
        server.start()
        try:
            say(f'serving {server.model_name} at {server.url}, the API of this package at {server.url}/robobrain/ask')
            threading.Event().wait()
        finally:
            server.close()
    return 0
