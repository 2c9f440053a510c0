"""Plans as JSON or Python literals: lists of objects or strings under many names, with orders and sub-steps."""

import re
from collections.abc import Callable

from robobrain_ros.tasks import keys
from robobrain_ros.tasks.plan_words import step_of, triple
from robobrain_ros.tasks.reading import drop, one_line, unquote
from robobrain_ros.tasks.refusals import is_refusal
from robobrain_ros.tasks.structure import NUMBER, Atom, Group, Item, read_groups
from robobrain_ros.tasks.values import Dropped, Step

# The first key that holds words wins. 'subtask' and 'subtask_list' are RoboOS's names.
DESCRIPTION = ('description', 'subtask', 'step_description', 'instruction', 'step', 'task', 'text', '描述', '步骤')
ACTION = ('action', 'verb', 'skill', 'primitive', '动作')
OBJECT = ('object', 'target_object', 'target', 'item', '物体', '对象')
DESTINATION = ('destination', 'target_location', 'location', 'place', 'receptacle', 'to', '目的地', '位置')
_ORDER = ('subtask_order', 'order', 'step_number', 'step', 'number', 'id', '序号')
_LISTS = ('steps', 'subtask_list', 'subtasks', 'plan', 'step_list', 'actions', 'tasks', '步骤', '计划')
_INNER = ('substeps', 'sub_steps', 'subtasks', 'sub_tasks', 'children', 'details', 'steps')
_NUMBERED = re.compile(r'(?:step|subtask|步骤)?_?[0-9]{1,3}')
_NUMBER = re.compile(NUMBER)
_MARK = re.compile(r'\(?(?:step\s*)?[0-9]{1,3}\s?[.):]\s*|步骤\s?[0-9]{1,3}\s?[:：.]\s*', re.IGNORECASE)
_NO_WORDS = frozenset({'', 'none', 'null', 'n/a', 'na', '-'})


class JsonPlan:
    """The steps in the groups of a text, in their order, and what could not be used.

    :param text: the cleaned text
    :param answer: what the model wrote, as long as ``text``
    :param read_text: reads a plan that stands as text in a string
    """

    def __init__(self, text: str, answer: str, read_text: Callable[[str], tuple[list[Step], list[Dropped]]]) -> None:
        self._answer = answer
        self._read_text = read_text
        self.dropped: list[Dropped] = []
        self.empty = False
        """A list of steps is there, and empty."""
        self._found: list[tuple[float | None, Step]] = []
        for top in read_groups(text):
            if self._is_plan(top.group):
                self._collect(top.group, 0)

    def steps(self) -> list[Step]:
        """The steps; by their numbers where each has one, wherever the model wrote it."""
        orders = [order for order, _ in self._found]
        if None not in orders:
            self._found.sort(key=lambda numbered: numbered[0] or 0.0)
        return [step for _, step in self._found]

    def _is_plan(self, group: Group) -> bool:
        """Whether this may hold steps: prose has brackets, too."""
        if group.bracket == '{':
            return True
        values = [item.value for item in group.items]
        return group.bracket == '[' and (not values or all(isinstance(v, Group) or v.quoted for v in values))

    def _collect(self, value: Atom | Group, depth: int) -> None:
        if isinstance(value, Atom):
            self._string(value)
        elif value.bracket == '{' and not (value.items and all(item.key is None for item in value.items)):
            self._mapping(value, depth)
        else:
            self._list(value, depth)

    def _list(self, group: Group, depth: int) -> None:
        if not group.items:
            self.empty = self.empty or (group.bracket == '[' and not group.flaw)
            return
        words = [self._text(item.value) for item in group.items]
        if depth and all(words) and (step := triple([one_line(word) for word in words])):
            self._found.append((None, step))
            return
        for item in group.items:
            self._collect(item.value, depth + 1)
        if group.flaw and isinstance(group.items[-1].value, Atom) and not group.items[-1].value.quoted:
            return
        self._tail(group)

    def _tail(self, group: Group) -> None:
        """Report the half string at the end of a list that is cut."""
        last = group.items[-1].value
        rest = self._answer[last.end : group.end].strip(' \n,`') if group.flaw else ''
        if rest and isinstance(last, Atom):
            self.dropped.append(drop(rest, 'cut short: it does not end'))

    def _string(self, atom: Atom) -> None:
        text = self._text(atom)
        if not atom.quoted:
            if any(character.isalpha() for character in text) and text.lower() not in _NO_WORDS:
                self.dropped.append(drop(text, 'malformed: words without quotes'))
            return
        if '\n' in text.strip():
            steps, dropped = self._read_text(text)
            self._found += [(None, step) for step in steps]
            self.dropped += [drop(self._quote(atom), item.reason) for item in dropped]
        elif words := without_mark(one_line(text)):
            if is_refusal(words):
                self.dropped.append(drop(self._quote(atom), 'it says that something is not there'))
            else:
                self._found.append((None, step_of(words)))

    def _mapping(self, group: Group, depth: int) -> None:
        fields = {keys.normal(item.key): item.value for item in group.items if item.key is not None}
        nested = [key for key, value in fields.items() if self._holds_steps(key, value)]
        if nested and not self._words(fields, DESCRIPTION) and not self._words(fields, ACTION):
            for key in nested:
                self._collect(fields[key], depth)
            return
        self._step(group, fields)
        for key in nested:
            if key in _INNER:
                self._collect(fields[key], depth + 1)

    def _holds_steps(self, key: str, value: Atom | Group) -> bool:
        if isinstance(value, Group):
            return key in _LISTS or key in _INNER or bool(_NUMBERED.fullmatch(key))
        return bool(_NUMBERED.fullmatch(key)) or (key in ('steps', 'plan') and '\n' in self._text(value).strip())

    def _step(self, group: Group, fields: dict[str, Atom | Group]) -> None:
        text = self._quote(group)
        if group.flaw:
            self.dropped.append(drop(text, 'cut short: it does not end'))
            return
        if spoilt := next((item for item in group.items if self._is_malformed(item)), None):
            self.dropped.append(drop(text, f'malformed at {self._quote(spoilt.value)[:20]!r}'))
            return
        description, action = without_mark(self._words(fields, DESCRIPTION)), self._words(fields, ACTION)
        thing, destination = self._words(fields, OBJECT), self._words(fields, DESTINATION)
        step = compose(description, action, thing, destination)
        if step is None:
            if not self._holds_nothing(fields):
                self.dropped.append(drop(text, 'no step: neither "description" nor "action" has words'))
        elif is_refusal(step.description):
            self.dropped.append(drop(text, 'it says that something is not there'))
        else:
            self._found.append((self._order(fields), step))

    def _is_malformed(self, item: Item) -> bool:
        """Whether two values stand where one should, as in '"pick" "object": "it"'."""
        return isinstance(item.value, Atom) and not item.value.quoted and '"' in self._quote(item.value)

    def _holds_nothing(self, fields: dict[str, Atom | Group]) -> bool:
        """Whether a list of steps is there as null or as an empty string; notes it."""
        nothing = any(
            key in _LISTS and isinstance(value, Atom) and self._text(value).strip().lower() in _NO_WORDS
            for key, value in fields.items()
        )
        self.empty = self.empty or nothing
        return nothing

    def _order(self, fields: dict[str, Atom | Group]) -> float | None:
        for key in _ORDER:
            if (value := fields.get(key)) and _NUMBER.fullmatch(text := self._text(value).strip()):
                return float(text)
        return None

    def _words(self, fields: dict[str, Atom | Group], names: tuple[str, ...]) -> str:
        for name in names:
            value = fields.get(name)
            if isinstance(value, Atom):
                words = one_line(self._text(value))
                if words.lower() not in _NO_WORDS and not _NUMBER.fullmatch(words):
                    return words
        return ''

    def _text(self, value: Atom | Group) -> str:
        if isinstance(value, Group):
            return ''
        text = self._answer[value.start : value.end]
        return unquote(text) if value.quoted else text

    def _quote(self, value: Atom | Group) -> str:
        return self._answer[value.start : value.end].rstrip()


def without_mark(words: str) -> str:
    """The words of a step without the number in front: 'Step 1: pick up the mug'."""
    match = _MARK.match(words)
    return words[match.end() :] if match and match.end() < len(words) else words


def compose(description: str, action: str, thing: str, destination: str) -> Step | None:
    """A step from its fields, of which some may be empty; None without description and action."""
    if not description and not action:
        return None
    if not (action or thing or destination):
        return step_of(description)
    if not description:
        description = ' '.join(filter(None, (action, thing))) + (f' -> {destination}' if destination else '')
    return Step(description, action, thing, destination)
