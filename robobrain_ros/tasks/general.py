# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Task general: any question about the image, answered in words."""

from robobrain_ros.tasks.base import Raw, Task
from robobrain_ros.tasks.reading import nothing_in
from robobrain_ros.tasks.values import Parsed
from robobrain_ros.tasks.wrappers import inside


def read(raw: Raw) -> Parsed:
    """The answer as text, without thoughts and tags."""
    text = inside(raw.text)
    return Parsed(reply=text, dropped=() if text else (nothing_in(raw.text, 'text'),))


GENERAL = Task(
    name='general',
    description='Answers a question about the image in words: "what is on the table?".',
    max_tokens=512,
    read=read,
)
