# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The names under which models write what was asked for, and names that are known to mean something else."""

import re
from dataclasses import dataclass
from functools import lru_cache

from robobrain_ros.tasks.chinese import simplified

ANSWER = frozenset({
    'answer', 'final_answer', 'output', 'result', 'response', 'solution', 'final',
    '答案', '最终答案', '结果', '输出', '回答',
})  # fmt: skip
POINT = frozenset({
    'point', 'points', 'point_2d', 'points_2d', 'point_3d', 'points_3d', 'coordinate', 'coordinates', 'coords',
    'coordinate_2d', 'coordinates_2d', 'keypoint', 'keypoints', 'pixel', 'target_point', 'target_coordinates',
    '点', '坐标', '座标', '位置', '目标点', '目标坐标', '点坐标',
})  # fmt: skip
WAY = frozenset({
    'waypoint', 'waypoints', 'trajectory', 'path', 'trajectory_points', 'path_points',
    '路径点', '轨迹', '轨迹点', '航点', '路径',
})  # fmt: skip
CENTRE = frozenset({'center', 'centre', 'center_point', 'grasp_point', '中心', '中心点', '中心坐标'})
# 'box_2d' is missing on purpose: where that key is known (Gemini), y comes first.
BOX = frozenset({
    'bbox', 'bboxes', 'bbox_2d', 'bboxes_2d', 'box', 'boxes', 'bounding_box', 'bounding_boxes',
    '边界框', '框', '检测框', '包围框',
})  # fmt: skip
HOLDERS = frozenset({
    'objects', 'detections', 'results', 'predictions', 'items', 'instances', 'annotations', 'data', 'detected_objects',
    'targets', 'target', 'arguments', 'parameters', 'args',
})  # fmt: skip
"""Names of lists of things, each of which has a key of its own."""
LABEL = frozenset({'label', 'name', 'object', 'object_name', 'description', '标签', '名称', '物体'})
OTHERS = frozenset({
    'obstacle', 'obstacles', 'reference', 'distractor', 'distraction', 'example',
    '障碍物', '障碍', '参考', '参考物', '干扰物',
})  # fmt: skip
"""Labels and types of things that are not what was asked for."""
TYPE = frozenset({'type', 'role', 'kind', 'category', '类型', '类别'})
_FOUND = re.compile(
    r'(?:\A|_)(?:found|visible|exists?|present|detected|success|feasible)\Z|\Ain_image\Z|\Acount\Z|'
    r'\A(?:是否)?(?:存在|可见|找到)\Z|\A数量\Z'
)
ABSENT = frozenset({'not_found', 'not_visible', 'missing', 'absent', '未找到', '不存在', '不可见'})
SAYS = LABEL | {
    'reason', 'reasoning', 'explanation', 'note', 'notes', 'status', 'comment', 'message', 'thought', 'error',
    'analysis', 'text', 'warning', 'warnings', 'caption', 'summary', 'observation', 'details', 'info', 'remark',
    '原因', '说明', '状态', '备注',
}  # fmt: skip
"""Keys of words that may say that it is not there."""
FOREIGN = frozenset({
    'size', 'image', 'resolution', 'width', 'height', 'shape', 'dimensions', 'obstacle', 'obstacles', 'table', 'robot',
    'gripper', 'camera', 'reference', 'references', 'example', 'examples', 'distractor', 'distractors', 'background',
    'avoid', 'note', 'notes', 'reasoning', 'reason', 'explanation', 'thought', 'thoughts', 'analysis', 'observation',
    'observations', 'scene', 'context', 'region', 'regions', 'area', 'areas', 'start', 'end', 'origin', 'anchor',
    'others', 'other', 'current',
    'input', 'question', 'format', 'range', 'confidence', 'color', 'colour', 'normal', 'orientation', 'rotation',
    'hint',
    '尺寸', '大小', '分辨率', '障碍物', '障碍', '参考', '示例', '图像', '图片', '推理', '分析', '思考',
})  # fmt: skip
DEPTH = ('d', 'depth', 'z')
_SPLIT = re.compile(r'[\s\-]+')
_CAMEL = re.compile('(?<=[a-z])(?=[A-Z])')
_NUMBER_BEHIND = re.compile(r'(?<=\D)_?[0-9]{1,3}\Z')


@lru_cache(maxsize=256)
def normal(key: str) -> str:
    """A key as it is looked up: lower case, simplified characters, blanks and dashes as underscores."""
    return _SPLIT.sub('_', simplified(key.strip().lower()))


@lru_cache(maxsize=256)
def unnumbered(key: str) -> str:
    """A key as it is looked up, without a number behind: 'Waypoint 2' is a waypoint."""
    return _NUMBER_BEHIND.sub('', normal(key))


@lru_cache(maxsize=256)
def says_found(key: str) -> bool:
    """Whether false under this key means that it is not there: 'found', 'isVisible', 'target_detected'."""
    plain = normal(_CAMEL.sub('_', key))
    return bool(_FOUND.search(plain)) and not re.search('obstacle|collision|occlu', plain)


def looks_technical(key: str) -> bool:
    """Whether a word in front of a colon is a key rather than the name of a thing, as in 'image_size: [640, 480]'."""
    return bool(re.search(r'[_\-.0-9]|[a-z][A-Z]', key)) or unnumbered(key) in FOREIGN


@dataclass(frozen=True)
class Wanted:
    """What is asked for, and under which keys it may lie: of several families of keys, the first that is there."""

    families: tuple[frozenset[str], ...]
    boxes: bool = False
    """Boxes are asked for, else points."""

    def owns(self, key: str) -> bool:
        """Whether a key answers the question."""
        return any(unnumbered(key) in family for family in self.families)


POINTS = Wanted((ANSWER | POINT, WAY, CENTRE))
WAYPOINTS = Wanted((WAY, ANSWER | POINT))
BOXES = Wanted((ANSWER | BOX,), boxes=True)
