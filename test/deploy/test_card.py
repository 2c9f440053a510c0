# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The card of the release and the guide to deployment say what was measured, and what the code has."""

import re

import pytest
from repository import ROOT

from robobrain_ros.engines.vllm import stacks

CARD = (ROOT / 'deploy' / 'CARD.md').read_text()
GUIDE = (ROOT / 'docs' / 'guides' / 'deployment.md').read_text()
SECTIONS = (
    '# Introduction',
    '### Integrated Deployment',
    '### Consistency Validation',
    '# Evaluation Results',
    '## Benchmark Result',
    '# User Guide',
    '## Operation Steps',
    '### Download FlagOS Image',
    '### Download Open-source Model Weights',
    '### Start the Container',
    '### Start the Server',
    '## Service Invocation',
    '### Invocation Script',
    '### AnythingLLM Integration Guide',
    '#### 1. Download & Install',
    '#### 2. Configuration',
    '#### 3. Model Interaction',
    '# Technical Overview',
    '## FlagGems',
    '## FlagTree',
    '## FlagScale and vllm-plugin-fl',
    '## FlagCX',
    '## FlagEval Evaluation Framework',
    '# Contributing',
    '# License',
)
"""Those of FlagRelease's template, July 2026."""


def test_the_card_has_flagreleases_sections_in_their_order():
    text = re.sub(r'```.*?```', '', CARD, flags=re.DOTALL)
    assert tuple(line for line in text.splitlines() if line.startswith('#')) == SECTIONS


def test_figures_of_the_card_are_those_of_the_page_on_performance():
    results = CARD.split('# Evaluation Results')[1].split('# User Guide')[0]
    cells = [cell.strip() for line in results.splitlines() if line.startswith('|') for cell in line.split('|')[2:-1]]
    figures = {figure for cell in cells for figure in re.findall(r'\d+(?:\.\d+)?', cell)} - {'1', '100'}
    measured = set(re.findall(r'\d+(?:\.\d+)?', (ROOT / 'docs' / 'performance.md').read_text()))
    assert len(figures) > 8
    assert figures - measured == set()


@pytest.mark.parametrize('text', [CARD, GUIDE], ids=['card', 'guide'])
def test_files_that_are_named_exist(text):
    named = re.findall(r'\b(?:deploy|docs|config|requirements)/[\w./-]*\w', text)
    assert named
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_versions_of_the_card_are_those_of_the_requirements():
    pinned = (ROOT / 'requirements/gpu.txt').read_text() + (ROOT / 'requirements/flaggems.txt').read_text()
    for name, words in (('vllm', 'vLLM'), ('flag-gems', 'FlagGems')):
        version = re.search(rf'^{name}==(\S+)', pinned, re.MULTILINE)[1]
        assert f'{words} {version}' in CARD


def test_the_guide_has_the_table_of_versions():
    for plugin, vllm in stacks.PLUGIN_PAIRS.items():
        assert re.search(rf'vllm-plugin-FL {re.escape(plugin)}\b.*\| vLLM {re.escape(vllm)}', GUIDE), plugin
    assert f'vLLM {" - ".join(stacks.VLLM)}' in GUIDE
