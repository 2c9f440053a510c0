"""The names under which models write what was asked for, and names that are known to mean something else."""

import re

ANSWER = frozenset({
    'answer', 'final_answer', 'output', 'result', 'response', 'solution', 'final',
    '答案', '最终答案', '结果', '输出', '回答',
})  # fmt: skip
POINT = frozenset({
    'point', 'points', 'point_2d', 'points_2d', 'point_3d', 'points_3d', 'coordinate', 'coordinates', 'coords',
    'coordinate_2d', 'coordinates_2d', 'waypoint', 'waypoints', 'trajectory', 'path', 'keypoint', 'keypoints', 'pixel',
    '点', '坐标', '路径点', '轨迹', '航点', '位置', '路径',
})  # fmt: skip
# 'box_2d' is missing on purpose: where that key is known (Gemini), y comes first.
BOX = frozenset({
    'bbox', 'bboxes', 'bbox_2d', 'bboxes_2d', 'box', 'boxes', 'bounding_box', 'bounding_boxes',
    '边界框', '框', '检测框', '包围框',
})  # fmt: skip
HOLDERS = frozenset({
    'objects', 'detections', 'results', 'predictions', 'items', 'instances', 'annotations', 'data', 'detected_objects',
    'targets', 'target',
})  # fmt: skip
"""Names of lists of things, each of which has a key of its own."""
LABEL = frozenset({'label', 'name', 'object', 'object_name', 'description', '标签', '名称', '物体'})
FOUND = frozenset(
    {
        'found',
        'visible',
        'exists',
        'exist',
        'present',
        'detected',
        'is_visible',
        'is_present',
        'is_found',
        'object_found',
        'in_image',
    }
)
SAYS = LABEL | {
    'reason',
    'reasoning',
    'explanation',
    'note',
    'notes',
    'status',
    'comment',
    'message',
    'thought',
    '原因',
    '说明',
}
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


def normal(key: str) -> str:
    """A key as it is looked up: lower case, blanks and dashes as underscores."""
    return _SPLIT.sub('_', key.strip().lower())


def looks_technical(key: str) -> bool:
    """Whether a word in front of a colon is a key rather than the name of a thing, as in 'image_size: [640, 480]'."""
    return bool(re.search(r'[_\-0-9]|[a-z][A-Z]', key)) or normal(key) in FOREIGN
