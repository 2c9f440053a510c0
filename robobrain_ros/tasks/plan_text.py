"""Plans as numbered or bulleted text, and the plain rule that takes 'Place the cube on the plate' apart."""

import re

from robobrain_ros.tasks.reading import drop, one_line
from robobrain_ros.tasks.values import Dropped, Step

_NUMBERED = re.compile(r'[\s*#>]*\(?(?:step\s*)?(?P<number>[0-9]{1,3})\s?[.):](?:\*\*)?(?![0-9])\s*', re.IGNORECASE)
_BULLET = re.compile(r'\s*[-*•+]\s+')
_INLINE = re.compile(r'\s([0-9]{1,3})[.)]\s')

_PLACING = 'place|put|drop|insert|set|stack|pour|move|bring|carry|transfer|slide|push|pull|lower'
_HANDLING = (
    'pick|grasp|grab|lift|hold|take|release|open|close|push|pull|press|reach|touch|approach|locate|find'
    '|turn on|turn off'
)
_THERE = 'on top of|onto|on|(?:into|inside)(?: of)?|in|to'
_NEARBY = 'next to|in front of|to the left of|to the right of|above|over|under|behind|beside|near'
_THING = r'(?:the|a|an|this|these|those|its|each|every|all|both)\s+'  # not 'forward', 'slowly', 'open it'
# 'to the left of the plate' comes before 'to': else the place would be 'the left of the plate'
_PLACE = re.compile(
    rf'(?P<action>{_PLACING})\s+(?P<object>{_THING}.+?)\s+'
    rf'(?:(?P<near>{_NEARBY})\s+(?P<landmark>{_THING}.+)|(?:{_THERE})\s+(?P<there>{_THING}.+))',
    re.IGNORECASE,
)
_HANDLE = re.compile(rf'(?P<action>{_HANDLING})(?:\s+(?:up|for))?\s+(?P<object>{_THING}.+)', re.IGNORECASE)
# With one of these words in a part, the sentence says more than verb, thing and place.
_MORE = frozenset(
    {
        'above',
        'after',
        'again',
        'and',
        'at',
        'away',
        'before',
        'behind',
        'beside',
        'by',
        'down',
        'for',
        'from',
        'if',
        'in',
        'inside',
        'into',
        'near',
        'next',
        'off',
        'on',
        'onto',
        'or',
        'out',
        'over',
        'so',
        'that',
        'then',
        'to',
        'under',
        'until',
        'up',
        'using',
        'via',
        'which',
        'while',
        'with',
    }
)
_LONGEST = 200


def step_of(description: str) -> Step:
    """A step in words; its action, object and destination only where the sentence is nothing but these three.

    'Place the red cube on the plate' -> place, the red cube, the plate. 'Move the mug next to the plate' -> move, the
    mug, next to the plate. 'Pick up the mug' -> pick, the mug. All else stays a description: 'Pick up the mug from the
    table', 'Move forward to the table'.
    """
    sentence = description.rstrip(' .')
    if len(sentence) > _LONGEST:
        return Step(description)
    if match := _PLACE.fullmatch(sentence):
        thing, place = match['object'], match['there'] or match['landmark']
        destination = f'{match["near"]} {place}' if match['near'] else place
        if _is_plain(thing) and _is_plain(place):
            return Step(description, match['action'].lower(), thing, destination)
    elif (match := _HANDLE.fullmatch(sentence)) and _is_plain(match['object']):
        return Step(description, match['action'].lower(), match['object'])
    return Step(description)


def _is_plain(part: str) -> bool:
    return not any(mark in part for mark in ',;:.()"') and not _MORE & set(part.lower().split())


def read_text_plan(text: str, cut_short: bool) -> tuple[list[Step], list[Dropped]]:
    """The steps of a numbered list, or of a bulleted one where nothing is numbered; prose around it is not a step.

    :param cut_short: the text's end is missing, so a step in its last line may be half a step
    """
    lines = [line for line in text.splitlines() if line.strip()]
    numbered = [line for line in lines if _NUMBERED.match(line)]
    marker = _NUMBERED if numbered else _BULLET
    if len(numbered) == 1:
        lines = [part for line in lines for part in (_split_inline(line) if line is numbered[0] else [line])]
    steps: list[Step] = []
    dropped: list[Dropped] = []
    for index, line in enumerate(lines):
        match = marker.match(line)
        if not match:
            if numbered and _BULLET.match(line):
                dropped.append(drop(line.strip(), 'a bullet in a numbered plan'))
            continue
        words = one_line(line[match.end() :].replace('**', ''))
        if not words:
            dropped.append(drop(line.strip(), 'a step without words'))
        elif cut_short and index == len(lines) - 1:
            dropped.append(drop(line.strip(), 'cut short by the token limit'))
        else:
            steps.append(step_of(words))
    return steps, dropped


def _split_inline(line: str) -> list[str]:
    """'1. Grasp it 2. Lift it' -> both steps; only numbers that count on from the line's own are borders."""
    first = _NUMBERED.match(line)
    number = int(first['number']) if first else 0
    parts, begin = [], 0
    for match in _INLINE.finditer(line):
        if int(match[1]) == number + 1:
            parts.append(line[begin : match.start()])
            begin, number = match.start(), number + 1
    return [*parts, line[begin:]]
