# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Bars of stages, one bar a path, as a picture."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple


class Bar(NamedTuple):
    """How long one path took."""

    label: str
    total: float
    """Milliseconds; the length of the bar."""
    stages: Mapping[str, float]
    """Milliseconds by stage, in their order. Their sum may differ from ``total``, as that of medians does: the bar is
    divided in their proportion. Empty where nothing is known about them."""


def draw(file: Path, title: str, panels: Mapping[str, Sequence[Bar]]) -> None:
    """Draw bars into a picture file, one panel above the other, each with a scale of its own.

    :param panels: bars by the title of their panel, top to bottom
    :raises OSError: if the file cannot be written
    """
    from matplotlib.figure import Figure  # no pyplot: it would look for a display

    names = list(dict.fromkeys(stage for bars in panels.values() for bar in bars for stage in bar.stages))
    heights = [1 + len(bars) for bars in panels.values()] or [1]
    figure = Figure((10, 1 + 0.42 * sum(heights)), layout='constrained')
    figure.suptitle(title)
    if panels:
        axes = figure.subplots(len(panels), squeeze=False, height_ratios=heights)[:, 0]
        for axis, (panel, bars) in zip(axes, panels.items(), strict=True):
            labels = [bar.label for bar in bars]
            left = [0.0] * len(bars)
            for number, name in enumerate(names):
                parts = [bar.total * bar.stages.get(name, 0.0) / (sum(bar.stages.values()) or 1.0) for bar in bars]
                axis.barh(labels, parts, left=left, color=f'C{number % 10}', label=name)
                left = [start + part for start, part in zip(left, parts, strict=True)]
            whole = axis.barh(labels, [bar.total for bar in bars], color='none' if names else 'C0')
            axis.bar_label(whole, [f'{bar.total:.1f} ms' for bar in bars], padding=4)
            axis.set_title(panel, loc='left', fontsize='medium')
            axis.set_xlabel('ms')
            axis.invert_yaxis()
            axis.margins(x=0.12)
            axis.spines[['top', 'right']].set_visible(False)
        if names:
            handles, labels = axes[0].get_legend_handles_labels()
            figure.legend(handles, labels, loc='outside lower center', ncols=min(len(names), 6))
    figure.savefig(file, dpi=110)
