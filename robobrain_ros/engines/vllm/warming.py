"""Which requests a GPU's engine must have answered before none of its kernels is compiled or tuned any more."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import count

from robobrain_ros.engines.base import Generation

LONGER_BY = (*range(1, 17), *range(32, 257, 32))
"""Words. Triton makes other kernels for lengths that 16 divides, so sixteen lengths in a row meet both kinds; tuners
round lengths to 32, so steps of 32 meet what an instruction may have."""


def every_shape(generations: Sequence[Generation]) -> Iterator[Generation]:
    """Precede the given requests by copies of the last one with longer and longer texts.

    :param generations: at least one
    :returns: the copies, of two tokens at most, then the given ones; a word more is a token more, or nearly
    """
    last = generations[-1]
    numbers = count()
    for words in LONGER_BY:
        yield replace(last, text=last.text + ' the' * words, max_tokens=2, request_id=f'warm-{next(numbers)}')
    yield from generations
