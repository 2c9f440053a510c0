# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Where compiled kernels are kept between starts: they cost minutes to make, and seconds to find."""

from pathlib import Path

from robobrain_ros.errors import BadRequest

DEFAULT = '~/.cache/robobrain_ros'
PLACES = {
    'VLLM_CACHE_ROOT': 'vllm',
    'TRITON_CACHE_DIR': 'triton',
    'TORCHINDUCTOR_CACHE_DIR': 'inductor',
    'FLAGGEMS_CACHE_DIR': 'flaggems',
}
"""Variable -> folder. FlagGems keeps the results of tuning there; the others keep code."""


def environment(directory: str, with_flaggems: bool) -> dict[str, str]:
    """Make the folders, and the variables that send the engine's process there.

    Native and FlagGems have trees of their own: vLLM's key for compiled graphs does not know of FlagGems.

    :param directory: for both; empty: no variables, so every library keeps its own place
    :param with_flaggems: whether operators of FlagGems are on
    :returns: variables by name
    :raises BadRequest: if the folders cannot be made
    """
    if not directory:
        return {}
    root = Path(directory).expanduser() / ('flaggems' if with_flaggems else 'native')
    places = {variable: root / name for variable, name in PLACES.items()}
    try:
        for place in places.values():
            place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadRequest(
            f'cache_directory is {directory!r}, but cannot be used ({error}): name one that can be written, '
            "or '' to leave the caches where each library has its own",
        ) from error
    return {variable: str(place) for variable, place in places.items()}
