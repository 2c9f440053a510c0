"""The documents in docs/ say the truth: tests that exist, every way in which a request can end, floors of the house."""

import ast
import re
from pathlib import Path

from robobrain_ros.answer import PointStatus
from robobrain_ros.errors import ErrorCode
from robobrain_ros.parameters import BY_NAME

TESTS = Path(__file__).parent
DOC = (TESTS.parent / 'docs' / 'behaviour.md').read_text()
FAULTS, COMPLAINTS = DOC.split('# What users of such nodes complain about')


def test_every_named_test_exists():
    named = re.findall(r'`(test_\w+\.py)::(\w+)`', COMPLAINTS)
    assert named
    for file, test in named:
        functions = [item.name for item in ast.parse((TESTS / file).read_text()).body if hasattr(item, 'name')]
        assert test in functions, f'{file} has no {test}'


def test_every_complaint_has_a_behaviour_and_a_test():
    rows = [line for line in COMPLAINTS.splitlines() if line.startswith('| ')][1:]
    assert len(rows) == 18  # as many as were found in the issues of such nodes
    for row in rows:
        complaint, behaviour, tests = row.strip('| ').split(' | ')
        assert complaint
        assert behaviour
        assert '.py::' in tests


def test_every_end_is_described():
    for name in (*ErrorCode.__members__, *PointStatus.__members__):
        assert f'`{name}`' in FAULTS


def test_parameters_that_are_named_exist():
    words = set(re.findall(r'`([a-z]+(?:_[a-z]+)+)`', DOC))
    assert 'image_timeout_s' in words
    fields = {'error_code', 'error_message', 'not_before', 'use_sim_time'}
    assert words - fields <= set(BY_NAME)


def test_floors_import_only_what_is_above_them():
    """The table of docs/architecture.md."""
    table = (TESTS.parent / 'docs' / 'architecture.md').read_text().split('## Threads')[0]
    rows = [re.findall(r'`(\w+)(?:\.py|/)`', line) for line in table.splitlines() if line.startswith('| ')]
    floor_of = {name: floor for floor, names in enumerate(rows) for name in names}
    assert {'tasks', 'brain', 'node'} <= set(floor_of)
    package = TESTS.parent / 'robobrain_ros'
    for name, floor in floor_of.items():
        files = [package / f'{name}.py'] if (package / f'{name}.py').exists() else list((package / name).glob('*.py'))
        assert files
        for file in files:
            for other in re.findall(r'^ *from robobrain_ros(?:\.| import )(\w+)', file.read_text(), re.MULTILINE):
                if other not in ('action', 'msg', 'srv', '__version__'):  # made from the interfaces, or above all
                    assert other in floor_of, f'{file.name} imports {other}, which is on no floor'
                    assert floor_of[other] <= floor, f'{file.name} imports {other}'
