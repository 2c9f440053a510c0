"""Task planning: which steps complete the task? Asked for as JSON or numbered text; both are read from every model."""

import re
from typing import Any

from robobrain_ros.tasks.base import MAX_TOKENS, Guide, Raw, Task
from robobrain_ros.tasks.loose_json import JsonObject, read_values
from robobrain_ros.tasks.plan_text import read_text_plan, step_of
from robobrain_ros.tasks.profiles import Profile
from robobrain_ros.tasks.reading import drop, nothing_in, one_line, says_not_found, unwrap
from robobrain_ros.tasks.values import Dropped, Parsed, Step

MOST = 12
"""Steps in one guided answer."""

SCHEMA: dict[str, Any] = {
    'type': 'object',
    'properties': {
        'steps': {
            'type': 'array',
            'minItems': 1,
            'maxItems': MOST,
            'items': {
                'type': 'object',
                'properties': {
                    'action': {'type': 'string', 'minLength': 1, 'maxLength': 30},
                    'object': {'type': 'string', 'maxLength': 80},
                    'destination': {'type': 'string', 'maxLength': 80},
                    'description': {'type': 'string', 'minLength': 1, 'maxLength': 200},
                },
                'required': ['action', 'object', 'destination', 'description'],
                'additionalProperties': False,
            },
        }
    },
    'required': ['steps'],
    'additionalProperties': False,
}

# The first key that holds words wins. 'subtask' and 'subtask_list' are RoboOS's names.
_DESCRIPTION = ('description', 'subtask', 'step_description', 'instruction', 'step', 'task', 'text')
_ACTION = ('action', 'verb', 'skill', 'primitive')
_OBJECT = ('object', 'target_object', 'target', 'item')
_DESTINATION = ('destination', 'target_location', 'location', 'place', 'receptacle', 'to')
_ORDER = ('subtask_order', 'order', 'step_number', 'step', 'id')
_LISTS = ('steps', 'subtask_list', 'subtasks', 'plan', 'step_list', 'actions', 'tasks')
_NUMBERED = re.compile(r'(?:step|subtask)?_?[0-9]{1,3}')
_NO_WORDS = frozenset({'', 'none', 'null', 'n/a', 'na', '-'})


def read(raw: Raw) -> Parsed:
    """Steps from JSON where there is any, else from a numbered or bulleted list."""
    text = unwrap(raw.text)
    plan = _JsonPlan(text)
    steps, dropped = plan.steps(), plan.dropped
    if not steps:  # braces may stand in prose, too
        steps, more = read_text_plan(text, raw.cut_short)
        dropped += more
    if steps or dropped:
        return Parsed(steps=tuple(steps), dropped=tuple(dropped))
    if says_not_found(text):
        return Parsed(not_found=True)
    return Parsed(dropped=(nothing_in(raw.text, text, 'list of steps'),))


class _JsonPlan:
    """The steps in the JSON values of a text, in their order, and what could not be used."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.dropped: list[Dropped] = []
        self.found: list[tuple[float | None, Step]] = []

    def steps(self) -> list[Step]:
        values, tails = read_values(self.text)
        for value in values:
            self._collect(value)
        self.dropped += tails
        orders = [order for order, _ in self.found if order is not None]
        if len(orders) == len(self.found):  # every step has its number: the model's order, wherever it wrote the step
            self.found.sort(key=lambda numbered: numbered[0] or 0.0)
        return [step for _, step in self.found]

    def _collect(self, value: Any) -> None:
        if isinstance(value, list):
            for item in value:
                self._collect(item)
        elif isinstance(value, str):
            if words := one_line(value):
                self.found.append((None, step_of(words)))
        elif isinstance(value, JsonObject):
            fields = {key.strip().lower().replace(' ', '_').replace('-', '_'): item for key, item in value.items()}
            nested = [
                item
                for key, item in fields.items()
                if (key in _LISTS and isinstance(item, (list, JsonObject))) or _NUMBERED.fullmatch(key)
            ]
            if nested:
                for item in nested:
                    self._collect(item)
            else:
                self._collect_step(value, fields)

    def _collect_step(self, value: JsonObject, fields: dict[str, Any]) -> None:
        text = self.text[value.start : value.end]
        if value.flaw:
            self.dropped.append(drop(text, value.flaw))
            return
        description, action = _words(fields, _DESCRIPTION), _words(fields, _ACTION)
        thing, destination = _words(fields, _OBJECT), _words(fields, _DESTINATION)
        if not description and not action:
            self.dropped.append(drop(text, 'no step: neither "description" nor "action" has words'))
            return
        order = next((fields[key] for key in _ORDER if isinstance(fields.get(key), float)), None)
        if action or thing or destination:
            if not description:
                description = ' '.join(filter(None, (action, thing))) + (f' -> {destination}' if destination else '')
            self.found.append((order, Step(description, action, thing, destination)))
        else:
            self.found.append((order, step_of(description)))


def _words(fields: dict[str, Any], keys: tuple[str, ...]) -> str:
    for key in keys:
        if isinstance(fields.get(key), str):
            words = one_line(fields[key])
            if words.lower() not in _NO_WORDS:
                return words
    return ''


def grammar(profile: Profile) -> Guide | None:
    """The JSON schema, where the profile plans in JSON; free text else."""
    return Guide(json_schema=SCHEMA) if profile.json_plans else None


PLANNING = Task(
    name='planning',
    description='Breaks a task into steps: "put all cubes in the bowl".',
    max_tokens=MAX_TOKENS,  # a JSON step takes about 50 tokens
    read=read,
    grammar=grammar,
)
