# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""What test/fixtures/ shares with the tests."""

import ast
import os
import subprocess
import sys
from collections import Counter

import pytest
from domains import reserved_domain
from repository import FIXTURES, ROOT


def test_no_two_fixtures_share_a_name():
    """Files named in ``pytest_plugins`` are plugins of the whole run: of two fixtures of one name, one is lost."""
    names = Counter(
        function.name
        for file in [*(ROOT / 'test' / 'fixtures').glob('*.py'), ROOT / 'test' / 'conftest.py']
        for function in ast.parse(file.read_text()).body
        if isinstance(function, ast.FunctionDef) and 'fixture' in ' '.join(map(ast.unparse, function.decorator_list))
    )
    assert [name for name, number in names.items() if number > 1] == []
    assert {'node', 'goto', 'tiny_brain'} <= set(names)


@pytest.mark.timeout(60)
def test_a_test_run_that_a_test_starts_finds_a_domain():
    """However many domains the tests before it have used; and it is not the one of the run around it."""
    for _ in range(100):
        with reserved_domain() as domain:
            pass
    with reserved_domain() as domain:
        program = 'from domains import *\nwith reserved_domain() as domain: print(domain)'
        environment = os.environ | {'PYTHONPATH': str(FIXTURES)}
        inner = subprocess.run([sys.executable, '-c', program], env=environment, capture_output=True, check=True)
    assert int(inner.stdout) not in (domain, int(os.environ['ROS_DOMAIN_ID']))
