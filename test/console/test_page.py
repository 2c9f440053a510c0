# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.


"""The console's page in a real browser, where there is one: Chromium, without a window."""

import pytest
from node_worlds import up
from ros_helpers import until
from scripted_engine import Gate

pytest_plugins = ('node_fixtures', 'node_worlds', 'console_fixtures', 'browser')
pytestmark = pytest.mark.ros
ANSWERS = {
    'pointing': '[(500, 250)]',
    'grounding': '[{"bbox_2d": [100, 200, 500, 600], "label": "mug"}]',
    'trajectory': '[(100, 100, 0.5), (500, 500, 0.8)]',
    'planning': '1. pick the mug\n2. place it on the plate',
    'general': '<img src=x onerror="window.harm = 1"> is text',
}
TITLE = "document.querySelector('#answer .asked')?.textContent"
PILL = "document.querySelector('#answer .pill')?.textContent"
LABEL = "document.getElementById('canvas').getAttribute('aria-label')"
RUNS = "!document.getElementById('running').hidden"


@pytest.fixture
def shown(world, pictures, page, browser):
    """The page of an active node, with its live picture."""
    up(world)
    page.ready()
    browser.open(page.address)
    browser.until("document.getElementById('state').textContent === 'active'", 'the state')
    browser.until("document.getElementById('nothing').hidden", 'the picture')
    yield browser
    assert browser.errors == []


def engine(world):
    return world.node._brain.engine


def ask(browser, task: str, instruction: str) -> None:
    """By keyboard alone."""
    browser.js(f'document.querySelector(\'input[name="task"][value="{task}"]\').focus()')
    browser.press(' ', '/')
    browser.js("document.getElementById('instruction').select()")
    browser.press(*instruction, 'Enter')


def test_each_task_is_asked_by_keyboard_and_drawn(shown, world):
    for task, text in ANSWERS.items():
        engine(world).script = [text]
        ask(shown, task, f'the {task}')
        shown.until(f"{TITLE} === 'the {task}' && {PILL} === 'answered'", f'the answer to {task}')
        shown.until(f"{LABEL}.startsWith('{task}: the {task}.')", f'the drawing of {task}')
    assert shown.js("document.querySelector('#answer .reply').textContent") == ANSWERS['general']
    assert shown.js('window.harm') is None
    shown.until(f"document.querySelectorAll('#past li').length === {len(ANSWERS)}", 'the history')
    shown.js('document.querySelectorAll("#past button")[4].click()')  # the first one asked
    shown.until(f"{LABEL} === 'pointing: the pointing. the pointing at 32,12'", 'the answer from the history')
    yellow = """(() => {
        const canvas = document.getElementById('canvas'), scale = canvas.width / 64;
        const pixel = canvas.getContext('2d').getImageData(32.5 * scale, 12.5 * scale, 1, 1).data;
        return [...pixel].join() === '255,210,0,255';
    })()"""
    shown.until(yellow, 'the mark where the answer is')
    shown.press('Escape', 'l')
    shown.until(f"{LABEL} === 'Live picture of the camera'", 'the live picture')
    shown.press('d')
    shown.until("document.getElementById('rate').textContent.includes('1.00 m .. 1.00 m')", 'the depth')


def test_a_page_that_is_loaded_again_shows_the_question_and_escape_cancels_it(shown, world, page):
    engine(world).script = ['[(500, ', Gate()]
    ask(shown, 'pointing', 'the mug')
    shown.until(f"{RUNS} && document.getElementById('partial').textContent === '[(500, '", 'the text so far')
    shown.open(page.address)
    shown.until(f"{RUNS} && document.getElementById('partial').textContent === '[(500, '", 'the text after a reload')
    assert shown.js("document.getElementById('instruction').value") == 'the mug'
    assert shown.js("document.querySelector('#stages .now').textContent") == 'decoding'
    shown.press('Escape')
    shown.until(f"{PILL} === 'CANCELLED'", 'the end')
    until(lambda: not engine(world).running, 'the end of the request in the engine')
    assert shown.js("document.getElementById('cancel').hidden")


def test_no_width_needs_scrolling_to_the_side_and_everything_has_a_name(shown, world):
    engine(world).script = [ANSWERS['planning']]
    ask(shown, 'planning', 40 * 'W' + ' clear the table')
    shown.until(f"{PILL} === 'answered'", 'the answer')
    for one in ('progress', 'health', 'settings'):
        shown.js(f"document.getElementById('{one}').open = true")
    shown.until("document.querySelectorAll('.parameter').length > 10", 'the parameters')
    for width in (320, 390, 768, 1360):
        shown.size(width, 800, dark=width == 768)
        wide = shown.js('[document.scrollingElement.scrollWidth, window.innerWidth]')
        assert wide[0] <= width, f'{wide} at {width}'
    assert shown.nameless() == []
    shown.js("document.getElementById('theme').click()")
    theme = shown.js('document.documentElement.dataset.theme')
    shown.js("document.getElementById('theme').click()")
    assert theme != shown.js('document.documentElement.dataset.theme')
    shown.js('localStorage.clear()')


def test_parameters_are_set_and_wrong_ones_are_refused_beside_them(shown, world):
    shown.js("document.getElementById('settings').open = true")
    field = "document.getElementById('parameter-temperature')"
    shown.until(f'!!{field}', 'the parameter')
    assert shown.js(f'[{field}.min, {field}.type].join()') == '0,number'
    change = "{0}.value = '{1}'; {0}.dispatchEvent(new Event('change'))"
    shown.js(change.format(field, '0.5'))
    shown.until("document.getElementById('set').textContent === 'temperature is 0.5 now'", 'what was set')
    assert world.node.get_parameter('temperature').value == 0.5
    shown.js(change.format(field, '99'))
    shown.until("document.getElementById('set').textContent.includes('must lie in')", 'the refusal')
    assert shown.js(f'{field}.value') == '0.5'
    assert ['status of 400' in error for error in shown.errors] == [True], 'the browser notes the refusal'
    shown.errors.clear()


def test_a_node_that_is_not_active_is_shown_and_configured_by_its_button(world, pictures, page, browser):
    browser.open(page.ready('unconfigured').address)
    state = "document.getElementById('state').textContent"
    browser.until(f"{state} === 'unconfigured'", 'the state')
    browser.js("document.getElementById('health').open = true")
    for name in ('configure', 'activate'):
        browser.until(f"!document.querySelector('[data-transition={name}]').disabled", f'the button {name}')
        browser.js(f"document.querySelector('[data-transition={name}]').click()")
    browser.until(f"{state} === 'active'", 'the active node')
    assert browser.js("document.querySelector('[data-transition=configure]').disabled")
    assert browser.errors == []
