# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Chinese: traditional characters as simplified ones, so that one list of words serves both; and what a step says."""

import re

_PAIRS = (
    '沒没無无圖图發发現现檢检測测偵侦見见識识別别畫画視视場场顯显確确認认並并當当與与點点軌轨跡迹邊边標标範范圍围參参'
    '障障礙碍體体對对這这裡里於于為为該该個个關关結结輸输動动計计劃划驟骤處处後后從从開开間间說说準准觀观備备註注'
    '機机將将讓让請请張张來来過过還还閉闭應应據据訊讯獲获實实難难題题會会樣样幾几總总寫写釋释東东兩两盤盘紅红綠绿藍蓝進进塊块內内側侧'
)
_SIMPLIFIED = {ord(old): new for old, new in zip(_PAIRS[::2], _PAIRS[1::2], strict=True)}


def simplified(text: str) -> str:
    """The text with simplified characters where it has traditional ones; as long as ``text``."""
    return text if text.isascii() else text.translate(_SIMPLIFIED)


HANDLING = {
    '拿起': 'pick', '拾起': 'pick', '捡起': 'pick', '抓起': 'pick', '夹起': 'pick', '取出': 'take', '拿出': 'take',
    '抓住': 'grasp', '抓取': 'grasp', '抓': 'grasp', '夹住': 'grip', '夹取': 'grip', '握住': 'hold', '拿住': 'hold',
    '举起': 'lift', '提起': 'lift', '抬起': 'lift', '打开': 'open', '拉开': 'open', '关闭': 'close', '关上': 'close',
    '合上': 'close',
    '按下': 'press', '按': 'press', '推开': 'push', '推动': 'push', '推': 'push',
    '拉动': 'pull', '拉': 'pull', '松开': 'release',
    '释放': 'release', '放下': 'release', '旋转': 'rotate', '转动': 'turn', '拧开': 'unscrew', '触碰': 'touch',
    '触摸': 'touch', '靠近': 'approach', '接近': 'approach', '找到': 'find', '拿': 'take', '取': 'take',
}  # fmt: skip
"""What is done to a thing, and the English verb."""
_PLACING = '移动|放置|摆放|放|移|摆|倒|推|拉|插|叠|堆|送|拿|搬|挪|丢|扔|装'
_TO = '到|在|进|入|至|回|向'
_VERBS = '|'.join(sorted(HANDLING, key=len, reverse=True))
_POLITE = r'\s*(?:请|首先|然后|再|接着|最后)?[,，]?\s*'
_SENTENCES = tuple(
    re.compile(_POLITE + pattern)
    for pattern in (
        rf'(?:把|将)(?P<object>.+?)(?P<verb>{_PLACING})(?:{_TO})(?P<place>.+)',
        rf'(?:把|将)(?P<object>.+?)(?P<verb>{_VERBS})(?:来|去)?',
        r'(?P<verb>移动|移)(?:到|至|向)(?P<place>.+)',
        rf'(?P<verb>放置|摆放|移动|放)(?!下|在|到|进|入|回)(?P<object>.+?)(?:{_TO})(?P<place>.+)',
        rf'(?P<verb>{_VERBS})(?![到在进入至回向动下出起开住紧走掉])(?P<object>.+)',
    )
)
_PARTS = ('verb', 'object', 'place')
_MORE = re.compile(r'[\s,，。;；:：、()（）]|然后|并|再|从|把|将|直到|如果|用')


def sentence_parts(sentence: str) -> tuple[str, str, str] | None:
    """Verb, thing and place of a Chinese sentence that says no more: '把方块放到盘子上' -> 放, 方块, 盘子上."""
    if sentence.isascii():
        return None
    plain = simplified(sentence)
    for pattern in _SENTENCES:
        if match := pattern.fullmatch(plain):
            parts = [sentence[slice(*match.span(name))] if name in pattern.groupindex else '' for name in _PARTS]
            return (parts[0], parts[1], parts[2]) if not any(map(_MORE.search, parts)) else None
    return None
