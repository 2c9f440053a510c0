"""Plans as text: numbered or bulleted lists, sub-steps, sections, continued lines, YAML's records, tables."""

import re
from dataclasses import dataclass, field

from robobrain_ros.tasks import keys
from robobrain_ros.tasks.plan_json import ACTION, DESCRIPTION, DESTINATION, OBJECT, compose
from robobrain_ros.tasks.plan_words import step_of
from robobrain_ros.tasks.reading import drop, one_line
from robobrain_ros.tasks.refusals import is_refusal
from robobrain_ros.tasks.values import Dropped, Step

_CHINESE = '一二三四五六七八九十'
_NUMBERED = re.compile(
    r'[\s*#>\-]*(?:'
    r'\(?(?:step\s*)?(?P<number>[0-9]{1,3}(?:\.[0-9]{1,2})*)(?:\s?[.):]|\s+-\s)(?:\*\*)?(?![0-9])'
    r'|(?P<sub>[0-9]{1,3}\.[0-9]{1,2})\s'
    rf'|(?:步骤|第)?\s?[(（]?(?P<other>[0-9０-９]{{1,3}}|[{_CHINESE}]{{1,3}})(?:步)?\s?[、）)：:.．]'
    r')\s*',
    re.IGNORECASE,
)
_BULLET = re.compile(r'\s*[-*•+]\s+')
_INLINE = re.compile(r'\s([0-9]{1,3})[.)]\s')
_HEADING = re.compile(
    r'[\s#*]*(?:the\s+)?(?:final\s+|my\s+)?(?:plan|steps|answer|actions?|sequence|计划|步骤|方案|答案)\b[^.]{0,40}[:：*]*\s*',
    re.IGNORECASE,
)
_OTHER_HEADING = re.compile(
    r'[\s#*]*(?:\w+\s+){0,3}?(?:scene|notes?|observations?|objects?|warnings?|tips|reason(?:s|ing)?|analysis|'
    r'image|shows?|see|assumptions?|'
    r'注意|说明|场景|观察|物体|分析|备注)\b[^.]{0,40}[:：*]*\s*\Z',
    re.IGNORECASE,
)
_RECORD = re.compile(
    r'(?P<indent>\s*(?:[-*]\s+)?)["\']?(?P<key>[^\s:"\']{1,30}(?:[ _][^\s:"\']{1,20})?)["\']?\s*[:：]\s*(?P<value>.*)'
)
_RULE = re.compile(r'\s*\|?[\s:|-]*-[\s:|-]*\Z')


@dataclass
class _List:
    """The lines of one list; a list that starts again at 1 is another one."""

    weight: int
    """What the heading in front says: 1 this is the plan, -1 it is something else, 0 nothing."""
    lines: list[tuple[str, str]] = field(default_factory=list)
    """Each line as it was written, and its words."""
    last: bool = False
    """It reaches to the end of the text."""


def read_text_plan(text: str, cut_short: bool) -> tuple[list[Step], list[Dropped]]:
    """The steps of a plan in words; prose around it is not a step.

    :param cut_short: the text's end is missing, so a step in its last line may be half a step
    """
    lines = [line for line in text.splitlines() if line.strip()]
    for reader in (_read_table, _read_records):
        if found := reader(lines, cut_short):
            return found
    dropped: list[Dropped] = []
    lists = _lists(lines, dropped)
    if not lists:
        return [], dropped
    chosen = max(reversed(lists), key=lambda one: one.weight)
    for other in lists:
        if other is not chosen or other.weight < 0:
            dropped += [drop(line.strip(), 'a line of another list than the plan') for line, _ in other.lines]
    steps: list[Step] = []
    for index, (line, words) in enumerate(chosen.lines if chosen.weight >= 0 else []):
        if not words:
            dropped.append(drop(line.strip(), 'a step without words'))
        elif cut_short and chosen.last and index == len(chosen.lines) - 1:
            dropped.append(drop(line.strip(), 'cut short by the token limit'))
        elif _is_no_step(words):
            dropped.append(drop(line.strip(), 'it says that something is not there'))
        else:
            steps.append(step_of(words))
    return steps, dropped


def _is_no_step(words: str) -> bool:
    """A refusal; 'Look for what is not visible' is a step."""
    return bool(
        re.match(r'(?:the|it|there|i|no|this|that|sorry|unfortunately|a|an|we)\b|[^\x00-\x7f]', words, re.IGNORECASE)
    ) and is_refusal(words)


def _lists(lines: list[str], dropped: list[Dropped]) -> list[_List]:
    """The numbered lists of a text, or the bulleted ones where nothing is numbered."""
    numbered = [line for line in lines if _NUMBERED.match(line)]
    marker = _NUMBERED if numbered else _BULLET
    if len(numbered) == 1:
        lines = [part for line in lines for part in (_split_inline(line) if line is numbered[0] else [line])]
    lists: list[_List] = []
    heading, last = 0, ''
    for line in lines:
        match = marker.match(line)
        if match:
            number = (match['number'] or match['sub'] or match['other']) if numbered else ''
            if (
                not lists
                or heading
                or (number in ('1', '一', '１') and last not in ('', number))
                or (not numbered and not last)
            ):
                lists.append(_List(heading))
            lists[-1].lines.append((line, one_line(line[match.end() :].replace('**', ''))))
            heading, last = 0, number or '-'
        elif lists and line[:1].isspace() and last and not _BULLET.match(line) and lists[-1].lines[-1][1]:
            before, words = lists[-1].lines[-1]  # a step's words go on in the next line
            lists[-1].lines[-1] = (before, f'{words} {one_line(line.replace("**", ""))}')
        elif numbered and _BULLET.match(line):
            dropped.append(drop(line.strip(), 'a bullet in a numbered plan'))
        else:
            heading = 1 if _HEADING.match(line) else -1 if _OTHER_HEADING.match(line) else 0
            last = '' if not numbered else last
    if lists:
        lists[-1].last = bool(marker.match(lines[-1])) or lines[-1][:1].isspace()
    return lists


def _split_inline(line: str) -> list[str]:
    """'1. Grasp it 2. Lift it' -> both steps; only numbers that count on from the line's own are borders."""
    first = _NUMBERED.match(line)
    number = int(first['number']) if first and (first['number'] or '').isdecimal() else 0
    parts, begin = [], 0
    for match in _INLINE.finditer(line):
        if int(match[1]) == number + 1:
            parts.append(line[begin : match.start()])
            begin, number = match.start(), number + 1
    return [*parts, line[begin:]]


def _read_records(lines: list[str], cut_short: bool) -> tuple[list[Step], list[Dropped]] | None:
    """YAML's list of records: '- action: pick' and, indented below it, 'object: the mug'."""
    records: list[tuple[str, dict[str, str]]] = []
    for line in lines:
        match = _RECORD.fullmatch(line)
        key = keys.normal(match['key']) if match else ''
        if not match or key not in (*DESCRIPTION, *ACTION, *OBJECT, *DESTINATION):
            continue
        if match['indent'].strip() or not records:
            records.append((line, {}))
        records[-1][1].setdefault(key, one_line(match['value']).strip('"\''))
    steps: list[Step] = []
    dropped: list[Dropped] = []
    for index, (line, fields) in enumerate(records):
        step = compose(*(_first(fields, names) for names in (DESCRIPTION, ACTION, OBJECT, DESTINATION)))
        if cut_short and index == len(records) - 1:
            dropped.append(drop(line.strip(), 'cut short by the token limit'))
        elif step is None:
            dropped.append(drop(line.strip(), 'no step: neither "description" nor "action" has words'))
        else:
            steps.append(step)
    has_records = any(set(fields) & {*ACTION, *OBJECT} for _, fields in records)
    return (steps, dropped) if has_records and steps else None


def _read_table(lines: list[str], cut_short: bool) -> tuple[list[Step], list[Dropped]] | None:
    """A Markdown table whose head names a column of steps."""
    at = next(
        (n for n, line in enumerate(lines[1:], 1) if '|' in line and _RULE.fullmatch(line) and '|' in lines[n - 1]), 0
    )
    if not at:
        return None
    head = [keys.normal(cell) for cell in _cells(lines[at - 1])]
    known = (*DESCRIPTION, *ACTION, *OBJECT, *DESTINATION)
    if not set(head) & {*known}:
        return None
    rows = [line for line in lines[at + 1 :] if line.lstrip().startswith('|')]
    steps: list[Step] = []
    dropped: list[Dropped] = []
    for index, row in enumerate(rows):
        cells = _cells(row)
        fields = {name: cell for name, cell in zip(head, cells, strict=False) if not cell.isdecimal()}
        description = _first(fields, DESCRIPTION)
        action, thing = _first(fields, ACTION), _first(fields, OBJECT)
        if action and not thing and not description:
            description, action = action, ''  # 'Action: pick up the mug' is a sentence
        step = compose(description, action, thing, _first(fields, DESTINATION))
        if step is None or len(cells) != len(head) or (cut_short and index == len(rows) - 1):
            dropped.append(drop(row.strip(), 'a row without a step, or cut short'))
        else:
            steps.append(step)
    return (steps, dropped) if rows else None


def _cells(line: str) -> list[str]:
    return [one_line(cell.replace('**', '')) for cell in line.strip().strip('|').split('|')]


def _first(fields: dict[str, str], names: tuple[str, ...]) -> str:
    return next((fields[name] for name in names if fields.get(name)), '')
