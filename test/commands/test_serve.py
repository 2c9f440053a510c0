# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""``robobrain serve`` without an engine: what it prints while it runs."""

import pytest

from robobrain_ros.commands import serve
from robobrain_ros.engines.base import Loss
from robobrain_ros.serving.config import ServeConfig


def test_the_loss_of_the_engine_is_printed_as_a_warning(monkeypatch, capsys):
    class Ended(Exception):
        pass

    def load(model, report, **options):
        report('the engine is ready')
        report(Loss('the engine process died; trying again now'))
        raise Ended

    monkeypatch.setattr('robobrain_ros.brain.brain.Brain.load', load)
    with pytest.raises(Ended):
        serve.run('tiny', ServeConfig(port=0))
    said = capsys.readouterr().out.splitlines()
    assert said == ['the engine is ready', 'warning: the engine process died; trying again now']
