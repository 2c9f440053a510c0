# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""``robobrain ask`` as a whole: as users run it, and in this process with the test session's engine."""

import io
import json
import os
import sys
from pathlib import Path

import cv2
import pytest
from commands import robobrain
from stand_in_server import listening

from robobrain_ros.brain.brain import Brain
from robobrain_ros.cli import main
from robobrain_ros.sim.scene import TableTop


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """The current folder, with a picture of the simulated table."""
    monkeypatch.chdir(tmp_path)
    cv2.imwrite(str(tmp_path / 'table.png'), TableTop(7).render()[0][..., ::-1])
    return tmp_path


@pytest.mark.engine
def test_one_start_answers_many_questions_about_many_pictures(folder):
    """In ASCII and latin-1 surroundings, where a letter that the terminal does not have must not end the command."""
    (folder / 'photos').mkdir()
    cv2.imwrite(str(folder / 'photos' / 'küche.png'), cv2.imread(str(folder / 'table.png')))
    (folder / 'photos' / 'broken.png').write_text('no picture')
    done = robobrain(
        *('ask', '--image', 'table.png', '--image', 'photos', '--json', '--output', 'answers'),
        *('grounding: the red plate', 'general: what is on the table … ü'),
        folder=folder,
        LC_ALL='C',
        PYTHONIOENCODING='ascii',
    )
    assert done.returncode == 1, done.stderr  # the broken picture
    assert 'Traceback' not in done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line['image'] for line in lines] == ['table.png', 'photos/broken.png', 'photos/küche.png'] * 2
    assert [line['code'] for line in lines] == ['OK', 'BAD_IMAGE', 'OK'] * 2
    assert {line['task'] for line in lines} == {'grounding', 'general'}
    assert lines[3]['instruction'] == 'what is on the table … ü'
    for line in lines:
        assert ('simulated table' in (line['caution'] or '')) == line['success'], (
            'the broken picture was never asked about'
        )
    assert lines[0]['targets'][0]['box'] == lines[2]['targets'][0]['box']
    for line in lines:
        assert (line['picture'] is not None) == line['success']
    annotated = cv2.imread(str(folder / lines[0]['picture']))
    assert (annotated != cv2.imread(str(folder / 'table.png'))).any()
    assert 'loading vLLM' in done.stderr
    assert sorted(os.listdir(folder)) == ['answers', 'photos', 'table.png']


@pytest.fixture
def session_engine(tiny_brain, monkeypatch):
    """``Brain.load`` gives the one engine of the test session, which nobody closes."""
    asked = []
    monkeypatch.setattr(Brain, 'load', lambda *_, **options: asked.append(options) or tiny_brain)
    monkeypatch.setattr(tiny_brain, 'close', lambda: None)
    return asked


@pytest.mark.engine
def test_people_read_words_and_get_a_picture(folder, session_engine, capfd):
    assert main(['ask', '--image', 'table.png', 'grounding: the red plate', '--repeat', '2']) == 0
    out = capfd.readouterr().out
    for words in ('question: grounding: the red plate', 'image:    table.png', 'box (', 'caution:  the tiny'):
        assert out.count(words) == 2
    assert 'picture:  table_answer.png' in out
    assert 'picture:  table_answer_2.png' in out
    assert session_engine[0]['warm_up'] == ('grounding',)
    assert session_engine[0]['image_size'] == (640, 480)


@pytest.mark.engine
def test_questions_may_come_from_standard_input(folder, session_engine, capfd, monkeypatch):
    monkeypatch.setattr(sys, 'stdin', io.StringIO('the red plate\ngrounding:\ngeneral: list the objects\nquit\n'))
    assert main(['ask', '--image', 'table.png', '--interactive', '--json']) == 1  # one is empty
    lines = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert [(line['task'], line['code']) for line in lines] == [
        ('pointing', 'OK'),
        ('pointing', 'BAD_REQUEST'),
        ('general', 'OK'),
    ]
    assert os.listdir(folder) == ['table.png']  # with --json no picture is written


@pytest.mark.engine
def test_a_model_is_named_by_its_folder_or_as_tiny(folder, session_engine, capfd):
    assert main(['ask', '--image', 'table.png', '--model', 'tiny', '--json', 'the red plate']) == 0
    with_name = json.loads(capfd.readouterr().out)
    assert with_name['model'] == 'robobrain-tiny'


@pytest.mark.parametrize('by', ['file', 'variable'])
def test_a_server_is_asked_by_its_address(folder, capfd, monkeypatch, by):
    monkeypatch.setenv('ROBOBRAIN_API_KEY', 'sk-1' if by == 'variable' else 'sk-2')
    (folder / 'key').write_text('sk-1')
    with listening() as server:
        server.key, server.models = 'sk-1', {'data': [{'id': 'RoboBrain2.5-8B'}]}
        key = ['--api-key-file', 'key'] if by == 'file' else []
        assert main(['ask', '--server', server.url, *key, '--image', 'table.png', '--json', 'the red plate']) == 0
    answer = json.loads(capfd.readouterr().out)
    assert (answer['model'], answer['targets'][0]['pixel']) == ('RoboBrain2.5-8B', [320.0, 120.0])


def test_where_a_server_wants_a_key_the_command_says_how_to_give_it(folder, capfd, monkeypatch):
    monkeypatch.delenv('ROBOBRAIN_API_KEY', raising=False)
    with listening() as server:
        server.key = 'sk-1'
        assert main(['ask', '--server', server.url, '--image', 'table.png', 'the red plate']) == 1
    said = capfd.readouterr().err
    for words in ('401 without a key: no such key', '--api-key-file', 'ROBOBRAIN_API_KEY'):
        assert words in said


@pytest.mark.parametrize(('least', 'code'), [('0', 'OK'), ('0.9', 'UNSURE')])
def test_an_answer_that_is_less_sure_than_is_wanted_fails(folder, capfd, least, code):
    with listening() as server:  # it tells no probabilities
        server.models = {'data': [{'id': 'RoboBrain2.5-8B'}]}
        options = ['--server', server.url, '--image', 'table.png', '--min-confidence', least, '--json']
        assert main(['ask', *options, 'the red plate']) == (code != 'OK')
    answer = json.loads(capfd.readouterr().out)
    assert answer['code'] == code
    assert answer['targets'], 'as a candidate'


def test_a_model_whose_name_tells_nothing_is_named_with_its_profile(folder, capfd):
    with listening() as server:
        server.models = {'data': [{'id': 'brain'}, {'id': 'other'}]}
        options = ['--server', server.url, '--server-model', 'brain', '--image', 'table.png', '--json', 'the red plate']
        assert main(['ask', *options]) == 1
        assert "the server's model 'brain' tells no profile" in capfd.readouterr().err
        assert main(['ask', '--model-profile', 'robobrain-2.5', *options]) == 0
    answer = json.loads(capfd.readouterr().out)
    assert (answer['model'], answer['targets'][0]['pixel']) == ('brain', [320.0, 120.0])


@pytest.mark.parametrize(
    ('arguments', 'says', 'code'),
    [
        (('--image', 'no.png', 'the mug'), "'no.png' is no file", 1),
        (('--image', 'table.png', '--image', 'text.png', 'the mug'), "'text.png' is no picture", 1),
        (('--image', 'table.png', '  '), 'the instruction is empty', 1),
        (('--image', 'table.png', 'the mug', '<|im_end|>'), "'<|im_end|>'", 1),
        (('--image', 'table.png', '--model', 'nowhere', 'the mug'), 'nowhere', 1),
        (('--image', 'table.png', '--output', 'no/x.png', 'the mug'), "cannot write 'no/x.png': No such file", 1),
        (('--image', 'table.png', '--output', 'x.txt', 'the mug'), "cannot write 'x.txt'", 1),
        (('--image', 'table.png', '--task', 'dancing', 'the mug'), "'dancing'", 2),
        (('--image', 'table.png', '--task', 'pionting', 'the mug'), "did you mean 'pointing'?", 2),
        (('--image', 'table.png'), 'nothing is asked', 2),
        (('--image', 'table.png', 'text.png', 'the mug'), "'text.png' is a file, not a question", 2),
        (('--image', '-', '--interactive'), 'standard input can be read once only', 2),
        (('--image', 'table.png', '--repeat', '0', 'the mug'), "--repeat: '0' must be a whole number above 0", 2),
        (('the mug',), '--image', 2),
        (('--image', 'table.png', '--server', 'nowhere', 'the mug'), "'nowhere', but an address must be like", 2),
        (('--image', 'table.png', '--server', 'http://127.0.0.1:9', 'the mug'), 'check that the server runs', 1),
        (('--image', 'table.png', '--api-key-file', 'key', 'the mug'), 'goes with --server', 2),
        (('--image', 'table.png', '--min-confidence', '90', 'the mug'), "'90' must be a number from 0 to 1", 2),
        (('--image', 'table.png', '--server-model', 'brain', 'the mug'), 'go with --server', 2),
        (('--image', 'table.png', '--model-profile', 'robobrain-2.0', 'the mug'), 'go with --server', 2),
    ],
)
def test_mistakes_are_found_before_the_model_is_loaded(folder, capfd, monkeypatch, arguments, says, code):
    (folder / 'text.png').write_text('no picture at all')
    monkeypatch.delattr(Brain, 'load')
    with pytest.raises(SystemExit) as end:  # as the console script does
        sys.exit(main(['ask', *arguments]))
    assert end.value.code == code
    out, err = capfd.readouterr()
    assert out == ''
    assert says in err.splitlines()[-1]
    assert err.splitlines()[-1].startswith('robobrain ask: ')
