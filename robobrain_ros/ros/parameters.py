# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The node's parameters: names, types, ranges, defaults and meanings in one table.

A default that a dataclass of the package holds is taken from there.
"""

from enum import Enum

from robobrain_ros.brain.jobs import Policy
from robobrain_ros.brain.pipeline import Settings
from robobrain_ros.engines.server.config import IMAGE_FORMATS, ServerConfig
from robobrain_ros.engines.vllm.config import DECODE_KERNELS, DTYPES, QUANTIZATIONS, EngineConfig
from robobrain_ros.engines.vllm.flaggems import CHOICES as FLAGGEMS_CHOICES
from robobrain_ros.engines.vllm.flaggems import FlagGemsSettings
from robobrain_ros.geometry.depth import DepthMode, DepthRules
from robobrain_ros.geometry.orientation import PoseOrientation
from robobrain_ros.ros.camera.settings import CameraSettings
from robobrain_ros.ros.monitor_parameters import MONITOR
from robobrain_ros.ros.parameter import NONE, Parameter
from robobrain_ros.ros.track_parameters import TRACK
from robobrain_ros.serving.config import ServeConfig
from robobrain_ros.tasks import NAMES, task_name
from robobrain_ros.tasks.profiles import PROFILES


def _values(enum: type[Enum]) -> list[str]:
    return [member.value for member in enum]


LONGEST_S = 3600.0
"""The longest time limit, and the oldest image, that a request may name."""

ENGINES = ('embedded', 'server')

PARAMETERS = (
    Parameter(
        'model',
        '',
        "directory of a model's Hugging Face files; or the address of servers that run it, as in server.url; or tiny: "
        'the demonstration checkpoint of this package, which knows its simulated table only; must be set, but for '
        'engine server, where it may name files of the same model',
    ),
    Parameter('model_profile', 'auto', 'prompts and answer format of the model', ('auto', *PROFILES)),
    Parameter(
        'engine',
        'embedded',
        'embedded: the node runs the model itself; server: it asks the servers of server.url, and needs no vLLM or GPU',
        ENGINES,
    ),
    Parameter(
        'server.url',
        '',
        'with engine server: address of an OpenAI-compatible server, such as http://robot-server:9010; several, '
        'separated by commas, stand in for each other',
    ),
    Parameter(
        'server.model', ServerConfig.model, "the model's name on the server; empty: the only one that the server has"
    ),
    Parameter(
        'server.api_key_file',
        ServerConfig.api_key_file,
        'file whose one line is the key that the server wants; empty: it wants none',
    ),
    Parameter(
        'server.timeout_s',
        ServerConfig.timeout_s,
        'leave a server out if it sends nothing for this many seconds',
        low=1.0,
        high=3600.0,
    ),
    Parameter(
        'server.image_format',
        ServerConfig.image_format,
        'how images are sent; jpeg: quality 95; png: exact, and some three times as large',
        IMAGE_FORMATS,
    ),
    Parameter(
        'serve.port',
        0,
        "TCP port of the OpenAI API on the node's own engine, such as 9010; 0: no HTTP",
        low=0,
        high=65535,
    ),
    Parameter(
        'serve.host',
        ServeConfig.host,
        'address to listen on; 0.0.0.0: other machines can ask, too, and need the key of serve.api_key_file',
    ),
    Parameter(
        'serve.api_key_file',
        '',
        'file whose only line is the key that HTTP clients have to send; empty: the variable ROBOBRAIN_API_KEY',
    ),
    Parameter(
        'serve.model_name',
        ServeConfig.model_name,
        "HTTP clients' name for the model; empty: the release's or the folder's",
    ),
    Parameter(
        'serve.image_hosts',
        [''],
        "names of hosts from which images may be fetched by URL; [] or ['']: none, clients have to send them",
    ),
    Parameter(
        'serve.max_requests',
        ServeConfig.max_requests,
        'HTTP requests that are accepted at a time, those that wait included; more get 429',
        low=1,
        high=10000,
    ),
    Parameter(
        'device', EngineConfig.device, 'what runs the model; auto: a GPU where torch finds one', ('auto', 'cpu', 'cuda')
    ),
    Parameter(
        'dtype',
        EngineConfig.dtype,
        "number format; auto: float32 on a CPU, else the model's own",
        DTYPES,
    ),
    Parameter(
        'max_model_len',
        EngineConfig.max_model_len,
        'longest prompt plus answer, tokens; fewer need less memory',
        low=512,
        high=131072,
    ),
    Parameter(
        'max_pixels',
        EngineConfig.max_pixels,
        'larger images are scaled down to this before the model; one token is 32x32 pixels',
        low=1024,
        high=16777216,
    ),
    Parameter(
        'kv_cache_mb',
        EngineConfig.kv_cache_mb,
        'memory for the KV cache, MiB; 0: 256 on a CPU, 1024 on a GPU',
        low=0,
        high=1048576,
    ),
    Parameter(
        'stall_s',
        EngineConfig.stall_s,
        'restart the engine if it produces no token for this many seconds',
        low=2.0,
        high=3600.0,
    ),
    Parameter(
        'quantization',
        EngineConfig.quantization,
        "fp8: the language model's weights as 8 bit floats (GPU): less memory, faster, less accurate",
        QUANTIZATIONS,
    ),
    Parameter(
        'decode_kernels',
        EngineConfig.decode_kernels,
        "auto: single tokens by this package's own kernels (Hopper GPUs, RoboBrain 2.5); off: by vLLM's",
        DECODE_KERNELS,
    ),
    Parameter(
        'tensor_parallel_size',
        EngineConfig.tensor_parallel_size,
        'GPUs that share the model; on a CPU: processes',
        low=1,
        high=8,
    ),
    Parameter(
        'cache_directory',
        EngineConfig.cache_directory,
        "where a GPU's compiled kernels are kept between starts; empty: each library's own place",
    ),
    Parameter(
        'flaggems.profile',
        FlagGemsSettings.profile,
        'operators from FlagGems (GPU); auto: safe where the variable USE_FLAGGEMS is 1, else off',
        FLAGGEMS_CHOICES,
    ),
    Parameter(
        'flaggems.include',
        [*FlagGemsSettings.include] or NONE,
        "names of FlagGems' functions to add to the profile's; with custom: these only; []: none",
        pattern=r'\w*',
    ),
    Parameter(
        'flaggems.exclude',
        [*FlagGemsSettings.exclude] or NONE,
        "names of FlagGems' functions to take from the profile's; with custom: all but these; []: none",
        pattern=r'\w*',
    ),
    Parameter(
        'warm_up_width', 640, "width of the camera's images, pixels: the size that is warmed up", low=32, high=7680
    ),
    Parameter('warm_up_height', 480, "height of the camera's images, pixels", low=32, high=7680),
    Parameter(
        'cameras',
        [CameraSettings.name],
        "names of the cameras, which are the prefixes of their topics; [] or ['']: one camera without a prefix",
        pattern=r'(?:[A-Za-z][A-Za-z0-9_]*)?',
    ),
    Parameter(
        'image_transport',
        CameraSettings.image_transport,
        'raw: topic image; compressed: topic image/compressed',
        ('raw', 'compressed'),
    ),
    Parameter(
        'depth_transport',
        CameraSettings.depth_transport,
        'raw: topic depth/image; compressedDepth: topic depth/image/compressedDepth',
        ('raw', 'compressedDepth'),
    ),
    Parameter(
        'image_subscription',
        'always' if CameraSettings.idle_s is None else 'on_demand',
        'on_demand: only while a request waits and image_idle_s longer; costs up to 0.15 s, saves the processor',
        ('always', 'on_demand'),
    ),
    Parameter(
        'image_idle_s', 5.0, 'with on_demand: stay subscribed for this long after a request, s', low=0.1, high=3600.0
    ),
    Parameter(
        'depth_slop_s',
        CameraSettings.depth_slop_s,
        'maximum difference between the stamps of an image and its depth image, s',
        low=0.0,
        high=10.0,
    ),
    Parameter(
        'stamp_source',
        CameraSettings.stamp_source,
        "header: the driver's stamps; arrival: the node's time at arrival, for drivers whose stamps cannot be used",
        ('header', 'arrival'),
    ),
    Parameter(
        'target_frame',
        '',
        "frame for positions, by tf2 at the image's stamp; empty: the camera's optical frame",
        dynamic=True,
    ),
    Parameter(
        'camera_pose',
        NONE,
        "for each camera that never moves, in the order of cameras: 'FRAME x y z qx qy qz qw', its optical frame in "
        'FRAME, metres and quaternion; positions in FRAME then need no tf2; empty: unknown',
    ),
    Parameter(
        'pose_orientation',
        Settings.orientation.value,
        'where z of poses points; surface: into the surface that the depth shows; ray: along the line of sight; down: '
        'against z of target_frame; none: the identity',
        _values(PoseOrientation),
        dynamic=True,
    ),
    Parameter('tf_timeout_s', 0.2, 'how long to wait for a transform, s', low=0.0, high=2.0, dynamic=True),
    Parameter('default_task', 'pointing', 'task of requests that name none', NAMES, dynamic=True, spelling=task_name),
    Parameter(
        'timeout_s',
        60.0,
        'time limit of a request that sets none, s',
        low=0.1,
        high=LONGEST_S,
        dynamic=True,
    ),
    Parameter('max_image_age_s', 1.0, 'older images are not used, s', low=0.0, high=LONGEST_S, dynamic=True),
    Parameter(
        'image_timeout_s', 5.0, 'how long a request waits for a usable image, s', low=0.0, high=3600.0, dynamic=True
    ),
    Parameter(
        'preemption',
        Settings.policy.value,
        'what a request does while another runs: wait, take its place, or fail',
        _values(Policy),
        dynamic=True,
        shared=True,
    ),
    Parameter(
        'queue_size',
        Settings.queue_size,
        'maximum number of waiting requests, with preemption queue',
        low=0,
        high=10000,
        dynamic=True,
        shared=True,
    ),
    Parameter(
        'guided_decoding', Settings.guided_decoding, "force answers into the task's format by a grammar", dynamic=True
    ),
    Parameter(
        'temperature',
        Settings.temperature,
        'sampling temperature; 0: greedy, repeatable',
        low=0.0,
        high=2.0,
        dynamic=True,
    ),
    Parameter(
        'min_confidence',
        Settings.min_confidence,
        'answers with a less sure target or waypoint fail with UNSURE; 0: none does',
        low=0.0,
        high=1.0,
        dynamic=True,
    ),
    Parameter(
        'depth_window_px',
        DepthRules.window_px,
        'side of the square window whose median is the depth, depth pixels',
        low=1,
        high=101,
        odd=True,
        dynamic=True,
    ),
    Parameter(
        'depth_min_valid_fraction',
        DepthRules.min_valid_fraction,
        'smallest fraction of the window that must hold valid depth',
        low=0.0,
        high=1.0,
        dynamic=True,
    ),
    Parameter(
        'min_depth_m', DepthRules.min_depth_m, 'nearer targets get no position, m', low=0.0, high=1000.0, dynamic=True
    ),
    Parameter(
        'max_depth_m', DepthRules.max_depth_m, 'farther targets get no position, m', low=0.0, high=1000.0, dynamic=True
    ),
    Parameter(
        'trajectory_depth',
        DepthRules.mode.value,
        "depth of waypoints: the camera's, the model's, or the model's scaled to the camera's",
        _values(DepthMode),
        dynamic=True,
    ),
    Parameter(
        'model_depth_is_ray',
        DepthRules.model_depth_is_ray,
        "the model's depth is measured along the ray instead of the optical axis",
        dynamic=True,
    ),
    *(MONITOR + TRACK),
)

BY_NAME = {parameter.name: parameter for parameter in PARAMETERS}
