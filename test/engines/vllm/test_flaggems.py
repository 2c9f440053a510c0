# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""FlagGems: who decides whether it is on, which of its operators, and what is said where it cannot be had."""

import pytest

from robobrain_ros.engines.vllm import flaggems
from robobrain_ros.engines.vllm.flaggems import Choice, FlagGemsSettings, decide, enabled_by_plugin, obstacle, usable
from robobrain_ros.errors import BrainError

REGISTERED = ('addmm', 'argmax', 'embedding', 'gelu', 'layer_norm', 'mm', 'mm_out', 'softmax', 'to_copy')


@pytest.mark.parametrize(
    ('environ', 'profile', 'by'),
    [
        ({}, 'off', 'default'),
        ({'USE_FLAGGEMS': '0'}, 'off', 'variable USE_FLAGGEMS=0'),
        ({'USE_FLAGGEMS': ''}, 'off', 'default'),
        ({'USE_FLAGGEMS': 'No'}, 'off', 'variable USE_FLAGGEMS=no'),
        ({'USE_FLAGGEMS': '1'}, 'safe', 'variable USE_FLAGGEMS=1'),
        ({'USE_FLAGGEMS': ' TRUE '}, 'safe', 'variable USE_FLAGGEMS=true'),
        ({'USE_FLAGGEMS': 'yes'}, 'safe', 'variable USE_FLAGGEMS=yes'),
        ({'VLLM_FL_FLAGOS_WHITELIST': 'mm'}, 'off', 'default'),
    ],
)
def test_the_variable_decides_where_no_parameter_is_set(environ, profile, by):
    choice = decide(FlagGemsSettings(), environ)
    assert (choice.profile, choice.decided_by, choice.on) == (profile, by, profile != 'off')


def test_the_lists_of_the_environment_narrow_what_its_switch_turns_on():
    assert decide(FlagGemsSettings(), {'USE_FLAGGEMS': '1', 'VLLM_FL_FLAGOS_WHITELIST': 'mm, gelu,'}).include == (
        'mm',
        'gelu',
    )
    without = decide(FlagGemsSettings(), {'USE_FLAGGEMS': '1', 'VLLM_FL_FLAGOS_BLACKLIST': 'to_copy'})
    assert without.select(REGISTERED) == sorted(set(REGISTERED) - {'to_copy'})


def test_the_parameter_wins_and_says_over_what():
    environ = {'USE_FLAGGEMS': '1', 'VLLM_FL_FLAGOS_WHITELIST': 'mm', 'VLLM_FL_FLAGOS_BLACKLIST': 'gelu'}
    assert decide(FlagGemsSettings('off'), environ) == Choice(
        'off', decided_by='parameter flaggems.profile, over USE_FLAGGEMS=1'
    )
    assert str(decide(FlagGemsSettings('full'), {})) == 'FlagGems full (parameter flaggems.profile)'


@pytest.mark.parametrize(
    ('environ', 'says'),
    [
        ({'USE_FLAGGEMS': 'maybe'}, "USE_FLAGGEMS is 'maybe', but must be 1, true, yes, 0, false or no"),
        (
            {'USE_FLAGGEMS': '1', 'VLLM_FL_FLAGOS_WHITELIST': 'mm', 'VLLM_FL_FLAGOS_BLACKLIST': 'gelu'},
            'VLLM_FL_FLAGOS_WHITELIST and VLLM_FL_FLAGOS_BLACKLIST are both set',
        ),
    ],
)
def test_an_environment_that_makes_no_sense_is_an_error(environ, says):
    with pytest.raises(BrainError, match=says):
        decide(FlagGemsSettings(), environ)


@pytest.mark.parametrize(
    ('arguments', 'says'),
    [
        (('fast',), "flaggems.profile is 'fast', but must be one of 'auto', 'off', 'safe'"),
        (('safe', ('mm',), ('gelu',)), r"include is \['mm'\] and flaggems.exclude is \['gelu'\], but only one"),
        (('auto', ('mm',)), "is 'auto', but operators are listed: set it to 'custom'"),
        (('off', (), ('mm',)), "is 'off', but operators are listed"),
        (('custom',), "is 'custom', but neither"),
        (('full', ('mm',)), 'adds nothing'),
    ],
)
def test_parameters_that_make_no_sense_are_errors(arguments, says):
    with pytest.raises(BrainError, match=says):
        FlagGemsSettings(*arguments)


@pytest.mark.parametrize(
    ('choice', 'operators'),
    [
        (Choice('safe'), ['layer_norm']),
        (Choice('safe', include=('softmax',)), ['layer_norm', 'softmax']),
        (Choice('gemm', exclude=('mm',)), ['addmm', 'layer_norm', 'mm_out']),
        (Choice('full'), sorted(REGISTERED)),
        (Choice('full', exclude=('mm', 'mm_out')), sorted(set(REGISTERED) - {'mm', 'mm_out'})),
        (Choice('custom', include=('mm',)), ['mm']),
        (Choice('custom', exclude=('mm',)), sorted(set(REGISTERED) - {'mm'})),
    ],
)
def test_operators_are_chosen_among_those_that_there_are(choice, operators):
    assert choice.select(REGISTERED) == operators


@pytest.mark.parametrize('lists', [{'include': ('layernorm', 'zzz')}, {'exclude': ('layernorm', 'zzz')}])
def test_unknown_names_are_refused_with_those_that_look_alike(lists):
    with pytest.raises(BrainError, match=r"no operator 'layernorm' \(but layer_norm\), 'zzz'; names are those"):
        Choice('custom', **lists).select(REGISTERED)


@pytest.mark.parametrize(
    ('versions', 'says'),
    [
        ({}, 'FlagGems is not installed'),
        ({'flag-gems': '5.0.2'}, 'neither Triton nor FlagTree'),
        ({'flag-gems': '4.2.0', 'triton': '3.6.0'}, 'FlagGems 4.2.0 fails with Triton 3.6.0'),
        ({'flag-gems': '4.2.0', 'triton': '3.5.1+git1'}, ''),
        ({'flag-gems': '5.0.2', 'triton': '3.6.0'}, ''),
        ({'flag-gems': '5.0.2', 'flagtree': '0.4.0'}, ''),
    ],
)
def test_what_stands_against_it_is_said(versions, says):
    found = obstacle(lambda name: versions.get(name, ''))
    assert says in found
    assert bool(says) == bool(found)


@pytest.mark.parametrize(
    ('environ', 'installed', 'active'),
    [
        ({}, True, True),
        ({'VLLM_PLUGINS': 'a, fl'}, True, True),
        ({'VLLM_PLUGINS': 'a'}, True, False),
        ({}, False, False),
    ],
)
def test_the_plugin_is_found_where_vllm_loads_it(environ, installed, active):
    assert enabled_by_plugin(environ, lambda name: installed and name == 'vllm_fl') is active


def test_on_a_cpu_a_parameter_is_an_error_and_a_variable_is_not():
    with pytest.raises(BrainError, match=r"profile is 'safe', but the model runs on the CPU.*set it to 'off'"):
        usable(FlagGemsSettings('safe'), {}, True, '', lambda text: None)
    heard: list[str] = []
    assert not usable(FlagGemsSettings(), {'USE_FLAGGEMS': '1'}, True, '', heard.append).on
    assert heard == ['FlagGems safe (variable USE_FLAGGEMS=1) is without effect: the model runs on the CPU']


@pytest.mark.parametrize(
    ('failed', 'plugin', 'missing', 'says'),
    [
        ('ImportError: no', False, '', ' is without effect: ImportError: no'),
        ('', True, '', ' is without effect: vllm-plugin-FL is active, and enables FlagGems itself'),
        ('', False, 'FlagGems is not installed', ' is without effect: FlagGems is not installed'),
        ('', False, '', ''),
    ],
)
def test_on_a_gpu_it_is_left_out_with_a_reason(failed, plugin, missing, says, monkeypatch):
    monkeypatch.setattr(flaggems, 'enabled_by_plugin', lambda environ: plugin)
    monkeypatch.setattr(flaggems, 'obstacle', lambda: missing)
    heard: list[str] = []
    choice = usable(FlagGemsSettings('safe'), {}, False, failed, heard.append)
    assert choice.on is (not says)
    assert heard == ['FlagGems safe (parameter flaggems.profile)' + says]


def test_nothing_is_said_where_nothing_is_wanted():
    assert usable(FlagGemsSettings(), {}, False, '', pytest.fail).decided_by == 'default'
