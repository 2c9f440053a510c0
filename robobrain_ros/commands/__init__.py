# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""What ``robobrain X`` runs, but for the commands of ``bags``, ``bench`` and ``evaluation``.

``ask.py``, ``query.py``, ``monitor.py``, ``track.py`` and ``progress.py`` hold options; ``asking.py``, ``querying.py``,
``monitoring.py``, ``tracking.py`` and ``progress_watch.py`` do the work, with heavy imports. Likewise ``demo_help.py``
and ``demo.py``; what the demo plays is in ``arena.py``, ``episodes.py``, ``trials.py`` (with faults) and
``watching.py`` (its monitor).
"""
