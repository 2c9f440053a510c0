# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The console's history: bounded, whole, and usable again whatever happened to its file."""

import io
import json
import sqlite3
import threading
import zipfile

import pytest

from robobrain_ros.console.history import PAGE, History, state_folder

PICTURE = b'\xff\xd8\xff' + 1000 * b'x'


def record(text: str, **more) -> dict:
    return {'asked_at': 1e9, 'task': 'pointing', 'instruction': text, 'code': 'OK', 'node': '/n', 'camera': '', **more}


@pytest.fixture
def history(tmp_path):
    history = History(tmp_path / 'deep' / 'console.sqlite', most=5, most_bytes=20_000)
    yield history
    history.close()


def test_what_was_kept_comes_back(history):
    first = history.add(record('红色的杯子', targets=[{'pixel': [1, 2]}]), PICTURE, b'small')
    second = history.add(record('no picture'), None, None)
    assert history.record(first)['targets'] == [{'pixel': [1, 2]}]
    assert (history.picture(first), history.picture(first, small=True)) == (PICTURE, b'small')
    assert history.picture(second) is None
    assert [(row['number'], row['instruction'], row['thumbnail']) for row in history.page()] == [
        (second, 'no picture', False),
        (first, '红色的杯子', True),
    ]
    assert [row['number'] for row in history.page(before=second)] == [first]
    assert history.record(99) is None


def test_the_oldest_go_when_there_are_too_many(history):
    numbers = [history.add(record(str(number)), None, None) for number in range(9)]
    assert [row['number'] for row in history.page()] == numbers[:-6:-1]


def test_the_oldest_go_when_they_are_too_large(history):
    numbers = [history.add(record(str(number)), 7 * PICTURE, None) for number in range(4)]
    assert [row['number'] for row in history.page()] == numbers[:1:-1]  # two times 7 kB, not three
    newest = history.add(record('huge'), 30 * PICTURE, None)
    assert [row['number'] for row in history.page()] == [newest], 'the newest one stays in any case'


def test_one_or_all_can_be_forgotten(history):
    numbers = [history.add(record('x'), None, None) for _ in range(3)]
    assert history.remove(numbers[1]) == 1
    assert [row['number'] for row in history.page()] == [numbers[2], numbers[0]]
    assert history.remove() == 2
    assert history.page() == []
    assert history.add(record('x'), None, None) > numbers[2], 'a number is never used again: browsers keep pictures'


def test_the_export_has_all_answers_and_pictures(history):
    history.add(record('first\nline'), PICTURE, None)
    history.add(record('second'), None, None)
    file = io.BytesIO()
    history.export(file)
    with zipfile.ZipFile(file) as archive:
        lines = [json.loads(line) for line in archive.read('answers.jsonl').decode().splitlines()]
        assert [line['instruction'] for line in lines] == ['first\nline', 'second']
        assert archive.read(lines[0]['picture']) == PICTURE
        assert 'picture' not in lines[1]


def test_a_file_that_is_no_history_is_put_aside(tmp_path, caplog):
    file = tmp_path / 'console.sqlite'
    file.write_bytes(500 * b'not a database ')
    history = History(file)
    history.add(record('x'), None, None)
    assert [row['instruction'] for row in history.page()] == ['x']
    history.close()
    assert len(list(tmp_path.glob('*.broken'))) == 1
    assert 'is no history' in caplog.text


def test_a_file_that_cannot_be_written_is_an_error_with_its_name(tmp_path):
    (tmp_path / 'console.sqlite').mkdir()
    with pytest.raises(OSError, match=r'console\.sqlite'):
        History(tmp_path / 'console.sqlite')


def test_it_is_kept_from_one_run_to_the_next_and_shared_by_two(tmp_path):
    one, other = (History(tmp_path / 'console.sqlite') for _ in range(2))
    one.add(record('mine'), None, None)
    other.add(record('other'), None, None)
    assert len(one.page()) == len(other.page()) == 2
    one.close()
    other.close()
    again = History(tmp_path / 'console.sqlite')
    assert len(again.page()) == 2
    again.close()


def test_many_threads_write_and_read_at_once(tmp_path):
    history = History(tmp_path / 'console.sqlite', most=50)
    failed = []

    def work(name: int) -> None:
        try:
            for number in range(20):
                history.add(record(f'{name} {number}'), PICTURE, None)
                assert len(history.page()) <= min(PAGE, 50)
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(name,)) for name in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert failed == []
    assert len(history.page()) == 50
    history.close()


def test_pictures_of_rooms_are_the_users_own(history, tmp_path):
    assert (tmp_path / 'deep').stat().st_mode & 0o077 == 0
    assert (tmp_path / 'deep' / 'console.sqlite').stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ('named', 'folder'), [('/state', '/state/robobrain_ros'), ('relative', '/home/me/.local/state/robobrain_ros')]
)
def test_the_state_directory_is_where_the_user_wants_it(monkeypatch, named, folder):
    monkeypatch.setenv('HOME', '/home/me')
    monkeypatch.setenv('XDG_STATE_HOME', named)
    assert str(state_folder()) == folder


def test_a_locked_file_is_no_reason_to_put_it_aside(tmp_path, monkeypatch):
    monkeypatch.setattr('robobrain_ros.console.history.PATIENCE_S', 0.1)
    file = tmp_path / 'console.sqlite'
    History(file).close()
    holder = sqlite3.connect(file, isolation_level=None)
    holder.execute('PRAGMA journal_mode = DELETE')
    holder.execute('BEGIN EXCLUSIVE')
    with pytest.raises(OSError, match='locked'):
        History(file)
    holder.close()
    assert [path.name for path in tmp_path.iterdir() if 'broken' in path.name] == []
