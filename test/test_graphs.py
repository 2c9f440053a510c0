"""The lengths for CUDA graphs cover what requests have, with little padding."""

from itertools import pairwise

import pytest

from robobrain_ros.engines.base import EngineConfig
from robobrain_ros.engines.graphs import FINE, TEXT_TOKENS, lengths
from robobrain_ros.parameters import TINY_MODEL


@pytest.mark.parametrize('max_num_seqs', [1, 3, 8, 100])
@pytest.mark.parametrize(('pixels', 'image'), [(320 * 256, 80), (66000, 64), (10**6, 88)])
def test_lengths_cover_answers_and_prompts(pixels, image, max_num_seqs):
    found = lengths(EngineConfig(TINY_MODEL, max_pixels=pixels, max_num_seqs=max_num_seqs))
    assert found == sorted(set(found))
    assert {1, max_num_seqs} <= set(found)
    assert found[-1] >= image + TEXT_TOKENS - FINE
    for text in range(1, TEXT_TOKENS - FINE):
        padded = min(length for length in found if length >= image + text)
        assert padded - (image + text) < FINE
    below = [length for length in found if 16 <= length <= image + FINE]
    assert all(after - before <= image / 4 for before, after in pairwise(below))
    assert len(found) < 50
