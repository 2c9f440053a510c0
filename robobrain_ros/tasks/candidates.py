"""Which of the groups in an answer are the answer: prose has numbers, too.

What stands behind 'answer:' is, or under a key that says so; else the last complete list. Of several ways, the first.
Groups that follow each other with nothing but separators between them are one list.
"""

import re
from dataclasses import dataclass, field, replace

from robobrain_ros.tasks import keys
from robobrain_ros.tasks.places import Reader, Value, holds_groups, leaves, own_keys
from robobrain_ros.tasks.refusals import is_refusal, sentences
from robobrain_ros.tasks.structure import read_groups
from robobrain_ros.tasks.values import Dropped
from robobrain_ros.tasks.wrappers import clean

_SEPARATOR = re.compile(r'[\s,;.*•+>|\-]*(?:and|then|to|->|→|和|然后|[0-9]{1,3}[.)])?[\s,;*•+>|\-]*')
_TAG = re.compile(r'</?[A-Za-z][\w-]{0,30}(?:\s[^<>]{0,400})?/?>')
_ANSWER = re.compile(
    r'\b(?:final\s+|my\s+)?(?:answer|result|output|solution)\b[^.\n]{0,30}?(?:[:=]|\bis\b)|(?:答案|结果|输出)(?:是|为|[:=])',
    re.IGNORECASE,
)
_DISTRACTION = re.compile(
    r'\b(?:sizes?|resolution|width|height|dimensions?|obstacles?|avoid(?:ing)?|excluding|except|rather\s+than|'
    r'instead\s+of|example|e\.g|format(?:ted)?|range|scale|origin|currently|starts?\s+(?:at|from)|gripper|unlike)\b'
    r'|尺寸|大小|分辨率|障碍|避开|例如|格式|范围|不是|而非|参考',
    re.IGNORECASE,
)


@dataclass
class Candidate:
    """Groups that are one list, with their values."""

    start: int
    end: int
    values: list[Value]
    is_list: bool
    """It is more than a bare tuple in a sentence."""
    joins: bool
    """It may be one of several groups that make a list: a bare tuple, or an object."""
    key: str
    """The key outside of brackets that says that it is what was asked for; empty without one."""
    introduction: str = ''
    """The words of its sentence in front of it."""
    marked: bool = False
    """It is named as the answer."""


@dataclass
class Document:
    """An answer's groups of numbers and the words around them."""

    candidates: list[Candidate] = field(default_factory=list)
    dropped: list[Dropped] = field(default_factory=list)
    empty: bool = False
    """What was asked for is there, and holds nothing."""
    prose: str = ''
    """The cleaned text, all values blank."""

    def is_refused(self, chosen: Candidate | None) -> bool:
        """Whether a sentence says that nothing is there; what goes on behind the answer with a comma does not count."""
        if chosen is None:
            return any(is_refusal(self.prose[begin:end]) for begin, end in sentences(self.prose))
        behind = self.prose[chosen.end :].lstrip('])} ')
        if behind[:1] in (',', ';'):  # '[(512, 300)], the lid is not visible': of something else
            behind = behind[sentences(behind)[0][1] :]
        return any(
            is_refusal(text[begin:end])
            for text in (self.prose[: chosen.start], behind)
            for begin, end in sentences(text)
        )


def read_document(answer: str, boxes: bool) -> Document:
    """Find all groups of numbers in an answer.

    :param answer: as the model wrote it
    :param boxes: boxes are asked for, else points
    """
    text = clean(answer)
    found = Document()
    blank: list[tuple[int, int]] = [match.span() for match in _TAG.finditer(text)]
    for top in read_groups(text):
        known = [key for key in top.keys if keys.normal(key) in own_keys(boxes)]
        foreign = [
            key
            for key in top.keys
            if key not in known and keys.normal(key) not in keys.BOX and keys.looks_technical(key)
        ]
        as_box = any(keys.normal(key) in keys.BOX for key in top.keys)
        for group in leaves([top.group]):
            reader = Reader(text, answer, boxes)
            if foreign:
                reader.leave(foreign[0], group)
            else:
                reader.read(group, Value('', (), box=as_box))
            found.dropped += reader.dropped
            found.empty = found.empty or (reader.empty and group.bracket != '(')
            if reader.values or reader.dropped:
                blank.append((group.start, group.end))
            if reader.values:
                key = keys.normal(known[-1]) if known else ''
                joins, is_list = (
                    group.bracket == '{' or not holds_groups(group),
                    holds_groups(group) or group.bracket == '{',
                )
                found.candidates.append(Candidate(group.start, group.end, reader.values, is_list, joins, key))
    found.prose = _without(text, blank)
    _introduce(found, text)
    found.candidates = _joined(found.candidates, found.prose)
    return found


def choose(document: Document, sizes: tuple[int, ...], path: bool, cut_short: bool) -> Candidate | None:
    """The candidate that is the answer; None where it would be a guess.

    :param sizes: how many numbers a place may have
    :param path: a way is asked for: of several, the first
    :param cut_short: the end of the answer is missing
    """
    fitting = [one for one in document.candidates if any(len(value.parts) in sizes for value in one.values)]
    candidates = fitting or document.candidates
    marked = [candidate for candidate in candidates if candidate.marked]
    if marked:
        if any(candidate.key in keys.ANSWER or not candidate.key for candidate in marked):
            return marked[-1]
        if all(candidate.joins for candidate in marked) or not path:  # 'point: ...' again and again
            values = [value for candidate in marked for value in candidate.values]
            return replace(marked[0], end=marked[-1].end, values=values)
        return marked[0]
    if (tail := _ANSWER.search(document.prose)) and document.candidates and tail.end() > document.candidates[-1].end:
        return None  # the answer was to follow
    plain = [candidate for candidate in candidates if not _DISTRACTION.search(candidate.introduction)]
    pool = [candidate for candidate in plain if candidate.is_list] or plain
    if not pool:
        return None
    chosen = pool[0] if path and pool[0].is_list else pool[-1]
    if (
        cut_short
        and chosen.introduction.strip(' \n-*:')
        and not (chosen.is_list and not document.prose[chosen.end :].strip())
    ):
        return None  # a sentence whose end is missing
    return chosen


def _introduce(document: Document, text: str) -> None:
    """Note what stands in front of each candidate, and whether that names it as the answer."""
    end = 0
    for candidate in document.candidates:
        between = document.prose[end : candidate.start]
        begin, _ = sentences(between)[-1]
        candidate.introduction = between[begin:]
        candidate.marked = bool(candidate.key) or bool(_ANSWER.search(between))
        end = candidate.end


def _joined(candidates: list[Candidate], prose: str) -> list[Candidate]:
    """Candidates that follow each other with only separators between them, as one."""
    joined: list[Candidate] = []
    for candidate in candidates:
        last = joined[-1] if joined else None
        if (
            last
            and last.joins
            and candidate.joins
            and last.key == candidate.key
            and candidate.start - last.end < 200
            and _SEPARATOR.fullmatch(prose, last.end, candidate.start)
        ):
            last.values += candidate.values
            last.end, last.is_list = candidate.end, True
        else:
            joined.append(candidate)
    return joined


def _without(text: str, spans: list[tuple[int, int]]) -> str:
    """The text with blanks in these places; new lines inside of them, too."""
    pieces, end = [], 0
    for begin, stop in sorted(spans):
        if begin >= end:
            pieces += [text[end:begin], ' ' * (stop - begin)]
            end = stop
    return ''.join([*pieces, text[end:]])
