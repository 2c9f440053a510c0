# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Names the image that this runs in by FlagRelease's rule (skills/flagos-release, July 2026).

docker run --rm --gpus all robobrain:0.1.0 python /opt/robobrain/bin/image_name.py RoboBrain2.5-8B
"""

import argparse
import platform
import re
import subprocess
import sys
from datetime import datetime, timezone

from robobrain_ros.engines.vllm.stacks import Stack, read

REGISTRY = 'harbor.baai.ac.cn/flagrelease-public'
GPUS = {'a100': 'nvidia001', 'a800': 'nvidia002', 'h20': 'nvidia003', 'h100': 'nvidia004', 'h800': 'nvidia005'}
"""Their codes; other GPUs keep their names."""
MACHINES = {'x86_64': 'amd64', 'aarch64': 'arm64'}
UNKNOWN = 'x'
"""For what cannot be absent, but was not found. FlagTree, FlagGems and FlagCX can: they are none then."""


def image_name(model: str, stack: Stack, gpu: str, machine: str, built: datetime, registry: str = REGISTRY) -> str:
    """Return the whole name with its tag.

    :param model: the model's name, such as RoboBrain2.5-8B
    :param gpu: as nvidia-smi names it, such as NVIDIA H100 80GB HBM3; empty if there is none
    :param machine: as uname names it, such as x86_64
    :param built: when the image was built, UTC
    """
    parts = {
        'model': re.sub(r'[^a-z0-9.]+', '-', model.lower()),
        'tree': stack.flagtree or 'none',
        'gems': stack.flag_gems or 'none',
        'cx': stack.flagcx or 'none',
        'python': stack.python or UNKNOWN,
        'torch': f'cuda-{stack.torch.split("+")[0] or UNKNOWN}',
        'pcp': f'cuda{stack.cuda}' if stack.cuda else UNKNOWN,
        'gpu': gpu_code(gpu) or UNKNOWN,
        'arc': MACHINES.get(machine, machine),
        'driver': stack.driver or UNKNOWN,
    }
    name = '-'.join(['flagrelease-nvidia-release', *(f'{key}_{_clean(value)}' for key, value in parts.items())])
    plugin = '-plugin' if stack.plugin else ''
    return f'{registry}/{name}:{built:%Y%m%d%H%M}{plugin}'


def gpu_code(gpu: str) -> str:
    """Return FlagRelease's code of a GPU, or its name where it has none. An H200 is not taken for an H20."""
    words = re.findall(r'[a-z0-9]+', gpu.lower())
    return next((GPUS[word] for word in words if word in GPUS), ''.join(words))


def _clean(value: str) -> str:
    """Leave what a registry takes within a name: no capitals, no plus, single separators between letters or digits."""
    value = re.sub(r'[^a-z0-9._-]', '.', value.lower())
    return re.sub(r'([._-])[._-]+', r'\1', value).strip('._-') or UNKNOWN


def main() -> None:
    """Print the name; asks nvidia-smi for the GPU."""
    parser = argparse.ArgumentParser(description='Name this image by the rule of FlagRelease.')
    parser.add_argument('model', help='name of the model, such as RoboBrain2.5-8B')
    parser.add_argument('--registry', default=REGISTRY, help='registry and project (default: %(default)s)')
    chosen = parser.parse_args()
    query = ['nvidia-smi', '--query-gpu=name', '--format=csv,noheader']
    try:
        gpu = subprocess.run(query, capture_output=True, text=True, timeout=20, check=True).stdout.split('\n')[0]
    except (OSError, subprocess.SubprocessError) as error:
        sys.exit(f'{error}. GPU and driver are parts of the name: run it where the GPU is (docker run --gpus all)')
    print(image_name(chosen.model, read(), gpu, platform.machine(), datetime.now(timezone.utc), chosen.registry))


if __name__ == '__main__':
    main()
