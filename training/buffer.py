# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Scenes in the memory of the device that trains: a ring that renderers keep filling."""

import threading
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch

from training.samples import RECORD

TYPES = {'uint8': torch.uint8, 'int16': torch.int16, 'float16': torch.float16, 'float32': torch.float32}


class Ring:
    """The newest ``capacity`` scenes or episodes, each field of their record as one tensor.

    :param device: torch's name of it
    :param record: ``samples.RECORD`` or ``episodes.EPISODE``
    """

    def __init__(self, capacity: int, device: str, record: np.dtype = RECORD) -> None:
        self.device, self.capacity, self.written, self._size = device, capacity, 0, record.itemsize
        self._layout = _layout(record)
        self.fields = {
            name: torch.zeros((capacity, *kind.shape), dtype=TYPES[kind.base.name], device=device)
            for name, (kind, _) in self._layout.items()
        }
        # A stream of its own: on the training's stream a copy would wait for all steps that are queued there.
        self._stream = torch.cuda.Stream() if device == 'cuda' else None

    def __len__(self) -> int:
        return min(self.written, self.capacity)

    def add(self, records: np.ndarray) -> None:
        """Replace the oldest scenes. A step that reads one meanwhile sees one mixed scene, which does no harm."""
        records = records[: self.capacity - self.written % self.capacity]
        raw = torch.from_numpy(np.ascontiguousarray(records).view(np.uint8).reshape(len(records), self._size))
        if self._stream is None:
            self._store(raw)
        else:
            with torch.cuda.stream(self._stream):
                self._store(raw.pin_memory().to(self.device, non_blocking=True))
            self._stream.synchronize()
        self.written += len(records)

    def _store(self, raw: torch.Tensor) -> None:
        start = self.written % self.capacity
        for name, (kind, offset) in self._layout.items():
            target = self.fields[name]
            flat = raw[:, offset : offset + kind.itemsize].reshape(-1).clone().view(target.dtype)
            target[start : start + len(raw)] = flat.view(len(raw), *kind.shape)

    def take(self, index: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return the fields of the scenes at ``index``."""
        return {name: field[index] for name, field in self.fields.items()}


def _layout(record: np.dtype) -> Mapping[str, tuple[np.dtype, int]]:
    fields = record.fields
    if fields is None:
        raise TypeError(f'{record} has no fields')
    return {name: (entry[0], entry[1]) for name, entry in fields.items()}


class Loader(threading.Thread):
    """Moves shards from a folder into a ring, and deletes them, until ``stop``.

    While the renderers wait for it they leave the GPU to the training: after the first ``burst`` scenes it takes no
    more than ``trickle`` a second.
    """

    def __init__(self, folder: Path, ring: Ring, burst: int, trickle: float) -> None:
        super().__init__(daemon=True)
        self._folder, self._ring, self._stop_asked = folder, ring, threading.Event()
        self._burst, self._trickle = burst, trickle
        self.error: Exception | None = None
        """What ended the thread, if it did not end by ``stop``."""

    def run(self) -> None:
        """Move shards until ``stop``; the work of the thread that ``start`` begins."""
        try:
            allowed, then = float(self._burst), time.monotonic()
            while not self._stop_asked.is_set():
                shards = sorted(self._folder.glob('*.npy'), key=lambda path: path.stat().st_mtime)
                now = time.monotonic()
                if self._ring.written >= self._burst:
                    allowed += self._trickle * (now - then)
                then = now
                for path in shards:
                    if self._ring.written < allowed:
                        self._ring.add(np.load(path))
                        path.unlink()
                time.sleep(0.02)
        except Exception as error:  # the training's thread raises it
            self.error = error

    def stop(self) -> None:
        """Return once nothing is read any more."""
        self._stop_asked.set()
        self.join()
