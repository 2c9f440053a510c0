# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Processes that share a model, vLLM's ranks: what they need of each other, and nothing of it on a network.

Left alone, PyTorch's and NCCL's sockets take whatever address the host's name or its first network has: the robot's
wireless one, which others can reach, and which goes away. And in vLLM 0.25 all ranks, be it one, meet in PyTorch's
TCPStore, which listens on all addresses, to whoever comes (seen with torch 2.13). vLLM 0.32 meets in a file, too.
"""

import os

LOOPBACK = {'VLLM_HOST_IP': '127.0.0.1', 'GLOO_SOCKET_IFNAME': 'lo', 'NCCL_SOCKET_IFNAME': 'lo'}
OTHERS_END_S = 1
"""How long vLLM waits for the other ranks when one has died: they wait for it, and do not end before they are killed.
By default 5 s; it then gives them 4 s more."""


def environment(on_cpu: bool) -> dict[str, str]:
    """Choose variables for the engine's processes; those that are set already stay as they are.

    :param on_cpu: whether the ranks share the CPU
    :returns: variables by name
    """
    wanted = LOOPBACK | {'VLLM_WORKER_SHUTDOWN_TIMEOUT_SECONDS': str(OTHERS_END_S)}
    if on_cpu:
        # by default each is bound to the cores of a NUMA node of its own, and refused where there are not enough
        wanted['VLLM_CPU_OMP_THREADS_BIND'] = 'nobind'
    return {name: os.environ.get(name, value) for name, value in wanted.items()}


def meeting_place() -> str:
    """Name the file in which the ranks of an engine find each other (PyTorch's ``init_method``).

    It lies in the engine's own folder (TMPDIR, which processes.Family sets), so it is one for all of them and a new
    one for each engine.

    :returns: a URL
    """
    return f'file://{os.environ["TMPDIR"]}/ranks'


def in_all(true: bool) -> bool:
    """Whether something is true in every rank of the engine. All must ask; waits for them.

    :param true: whether it is true in this rank
    """
    import torch
    from vllm.distributed.parallel_state import get_world_group

    answer = torch.tensor([int(true)])
    torch.distributed.all_reduce(answer, torch.distributed.ReduceOp.MIN, group=get_world_group().cpu_group)
    return bool(answer.item())
