# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Whether two stacks (engines, kernels, precisions) give the same answers: ``robobrain consistency``.

A run: ``asking/`` puts the questions of ``data/`` to a stack, and ``answers/`` keeps what it says. Questions come from
``mini/``, which makes them, or ``converters/``. A comparison: ``compare.py`` takes two runs, which ``scored_runs.py``
joins and scores by the rules of ``scoring/``; ``statistics/`` says what that proves, and ``report/`` tells it.
``throughput/`` measures how fast two stacks are.

``items.py`` names what all of it shares: a question (``Item``), a stack's answer to it (``Reply``), and what that is
worth (``Score``).
"""
