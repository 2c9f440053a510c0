# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Two recorded runs become a report: scored alike, joined by question, judged set by set and together."""

import json
import shutil
from pathlib import Path

import cv2
import pytest
from stand_in_runs import CHOICE, POINTS, flipped, write_choice, write_points, write_run

from robobrain_ros.errors import BadRequest
from robobrain_ros.evaluation.consistency.compare import compare
from robobrain_ros.evaluation.consistency.report.findings import Report, SetReport, to_json
from robobrain_ros.evaluation.consistency.report.picture import plot
from robobrain_ros.evaluation.consistency.report.tables import markdown
from robobrain_ros.evaluation.consistency.scored_runs import Runs
from robobrain_ros.evaluation.consistency.statistics import paired

RIGHT = [index % 3 != 0 for index in range(400)]


@pytest.fixture(scope='module')
def choice(tmp_path_factory) -> Path:
    return write_choice(tmp_path_factory.mktemp('data'), 400)


@pytest.fixture(scope='module')
def points(tmp_path_factory) -> Path:
    return write_points(tmp_path_factory.mktemp('data'), 100)


def pair(tmp_path: Path, of: Path, right: list[bool], other: list[bool], errors: int = 0) -> Runs:
    """Write two runs of one set."""
    a = write_run(tmp_path / 'a', of, right, 'tiny-CUDA')
    return Runs(a, write_run(tmp_path / 'b', of, other, 'tiny-FlagOS', errors))


def only(report: Report) -> SetReport:
    (one,) = report.sets
    return one


def test_the_figures_of_a_set_are_those_of_its_answers(tmp_path, choice):
    one = only(compare(pair(tmp_path, choice, RIGHT, flipped(RIGHT, 12, 5))))
    assert (one.dataset, one.rule, one.asked, one.known) == (CHOICE, 'strict', 400, 400)
    assert (one.base_acc, one.accuracy) == (pytest.approx(100 * 266 / 400), pytest.approx(100 * 259 / 400))
    assert (one.pairs.b, one.pairs.c, one.pairs.both_right) == (12, 5, 254)
    # The facts' vector for b = 12, c = 5, n = 400, B minus A in points.
    assert one.interval == pytest.approx((-3.651, -0.059), abs=1e-3)
    assert one.tested_p == pytest.approx(0.0963, abs=1e-4)
    assert one.noise.right_flips == 17


def test_differences_are_b_minus_a(tmp_path, choice):
    better = compare(pair(tmp_path, choice, flipped(RIGHT, 60, 0), RIGHT))
    details = to_json(better)['details'][0]
    assert better.word == details['verdict'] == 'different'
    assert details['diff'] == details['difference'] == pytest.approx(15)
    assert 0 < details['interval_90'][0] < 15 < details['interval_90'][1]
    assert details['aligned'] is True  # FlagRelease's rule: only drops count


def test_the_same_answers_are_consistent(tmp_path, choice):
    report = compare(pair(tmp_path, choice, RIGHT, RIGHT))
    assert (report.word, report.exit_code) == ('consistent', 0)
    assert to_json(report)['release'] is True


def test_a_large_drop_is_different(tmp_path, choice):
    report = compare(pair(tmp_path, choice, RIGHT, flipped(RIGHT, 40, 2)))
    assert (report.word, report.exit_code) == ('different', 1)
    assert to_json(report)['release'] is False


def test_too_few_questions_prove_nothing(tmp_path):
    data = write_choice(tmp_path / 'data', 40)
    report = compare(pair(tmp_path, data, RIGHT[:40], flipped(RIGHT[:40], 3, 2)))
    assert (report.word, report.exit_code) == ('not enough questions', 2)
    assert only(report).needed > 400
    assert only(report).power < 0.5


def test_the_margin_decides(tmp_path, choice):
    runs = pair(tmp_path, choice, RIGHT, flipped(RIGHT, 8, 8))
    assert compare(runs, margin=5).word == 'consistent'
    assert compare(runs, margin=1).word == 'not enough questions'


def test_errors_are_wrong_answers_and_are_told(tmp_path, choice):
    one = only(compare(pair(tmp_path, choice, [True] * 400, [True] * 400, errors=20)))
    assert one.noise.errors == (0, 20)
    assert one.accuracy == pytest.approx(95)
    assert one.pairs.b == 20
    # FlagEvalMM leaves them out, which is why the rule is said with each figure.
    assert one.by_rule['flageval'] == (100, 100)


def test_flageval_scores_as_the_public_table(tmp_path, choice):
    one = only(compare(pair(tmp_path, choice, [True] * 400, [True] * 400, errors=20), 'flageval'))
    assert (one.rule, one.accuracy) == ('flageval', 100)
    assert one.pairs.b == 20  # the pairs count errors nevertheless


def test_a_question_that_one_stack_was_not_asked_is_its_error(tmp_path, choice):
    runs = pair(tmp_path, choice, RIGHT, RIGHT)
    path = runs.b / CHOICE / f'{CHOICE}.json'
    path.write_text(json.dumps(json.loads(path.read_text())[:-3]))
    one = only(compare(runs))
    assert one.asked == 400
    assert one.noise.errors == (0, 3)


@pytest.mark.parametrize(('of_a', 'of_b', 'code'), [(400, 400, 2), (400, 0, 2), (20, 20, 2), (19, 19, 0), (0, 60, 1)])
def test_answers_that_are_missing_on_both_sides_show_no_consistency(tmp_path, choice, of_a, of_b, code):
    right = [of_b > 0 and index % 3 != 0 for index in range(400)]  # without errors of its own, B is all wrong
    a = write_run(tmp_path / 'a', choice, right, errors=of_a)
    report = compare(Runs(a, write_run(tmp_path / 'b', choice, right, errors=of_b)))
    assert report.exit_code == code
    assert ('may hide in them' in markdown(report)) == (code == 2)


@pytest.mark.parametrize(('right', 'told'), [(19, True), (20, False)])
def test_a_set_that_is_too_hard_for_a_drop_of_the_margin_is_told(tmp_path, choice, right, told):
    runs = pair(tmp_path, choice, [index < right for index in range(400)], [index < 4 for index in range(400)])
    assert ('neither can be 5 points below the other' in markdown(compare(runs))) == told


def test_points_are_scored_by_their_masks_on_both_scales(tmp_path, points):
    one = only(compare(pair(tmp_path, points, [True] * 100, flipped([True] * 100, 10))))
    assert (one.dataset, one.base_acc, one.accuracy) == (POINTS, pytest.approx(100), pytest.approx(90))


def test_where2place_is_told_on_both_scales(tmp_path, points):
    moved = tmp_path / 'data' / 'Where2Place_norm1k'
    shutil.copytree(points, moved)
    one = only(compare(pair(tmp_path, moved, [True] * 100, [True] * 100)))
    assert one.by_rule['strict'] == (pytest.approx(100), pytest.approx(100))
    # Whole numbers are pixels on the other scale, and (250, 250) is not in an image of 8 x 8.
    assert one.by_rule['flageval, as Where2Place'] == (0, 0)


def test_questions_about_one_scene_are_judged_together(tmp_path):
    data = write_choice(tmp_path / 'data', 400, shared=10)
    other = [right and index >= 60 for index, right in enumerate(RIGHT)]  # six scenes are wrong
    one = only(compare(pair(tmp_path, data, RIGHT, other)))
    assert one.clustered
    low, high = one.interval
    alone = paired.tango(one.pairs)
    assert high - low > 1.3 * 100 * (alone[1] - alone[0])


def test_cv_bench_is_weighted_by_its_sources(tmp_path):
    sources = ['ADE20K'] * 100 + ['COCO'] * 100 + ['Omni3D'] * 200
    names = [f'{index}' for index in range(400)]
    data = write_choice(
        tmp_path / 'data', 400, 'cv_bench_test', source=sources, source_dataset=names, source_filename=names
    )
    one = only(compare(pair(tmp_path, data, [True] * 400, [index >= 10 for index in range(400)])))
    assert one.accuracy == pytest.approx(100 - 0.25 * 10)
    assert one.clustered
    assert -100 * one.verdict.difference == pytest.approx(-2.5)


def test_an_image_in_two_parts_of_cv_bench_is_one_of_each(tmp_path):
    sources = ['ADE20K', 'COCO', 'Omni3D', 'Omni3D'] * 100
    names = [f'{index // 4}' for index in range(400)]
    data = write_choice(
        tmp_path / 'data', 400, 'cv_bench_test', shared=2, source=sources, source_dataset=names, source_filename=names
    )
    assert compare(pair(tmp_path, data, [True] * 400, [True] * 400)).exit_code == 0


def test_holm_corrects_for_the_number_of_sets(tmp_path, choice, points):
    runs = pair(tmp_path, choice, RIGHT, flipped(RIGHT, 12, 5))
    alone = only(compare(runs)).verdict.p
    pair(tmp_path, points, [True] * 100, [True] * 100)
    together = next(one for one in compare(runs).sets if one.dataset == CHOICE)
    assert together.verdict.p == pytest.approx(2 * alone)
    assert together.tested_p == pytest.approx(alone)


def test_a_second_run_of_a_shows_the_noise(tmp_path, choice):
    runs = pair(tmp_path, choice, RIGHT, flipped(RIGHT, 20, 20))
    again = write_run(tmp_path / 'again', choice, flipped(RIGHT, 1, 1))
    one = only(compare(Runs(runs.a, runs.b, again)))
    assert (one.noise.right_flips, one.again.right_flips) == (40, 2)
    assert one.beyond_noise < 0.001
    quiet = only(compare(Runs(runs.a, again, runs.b)))
    assert quiet.beyond_noise > 0.99


def test_a_set_that_one_of_them_lacks_is_not_passed_over(tmp_path, choice, points):
    runs = pair(tmp_path, choice, RIGHT, RIGHT)
    write_run(runs.a, points, [True] * 100)
    report = compare(runs)
    assert list(report.missing) == [POINTS]
    assert (report.word, report.exit_code) == ('not enough questions', 2)
    assert compare(Runs(runs.a, runs.b, only=(CHOICE,))).exit_code == 0


def test_a_second_run_may_lack_a_set(tmp_path, choice, points):
    runs = pair(tmp_path, choice, RIGHT, RIGHT)
    pair(tmp_path, points, [True] * 100, [True] * 100)
    again = write_run(tmp_path / 'again', choice, RIGHT)
    report = compare(Runs(runs.a, runs.b, again))
    noise = {one.dataset: one.again for one in report.sets}
    assert f'- {POINTS}: the second run of A has no answers to it' in markdown(report)
    assert noise[CHOICE].right_flips == 0
    assert noise[POINTS] is None


def test_what_a_second_run_was_not_asked_is_no_noise(tmp_path, choice):
    runs = pair(tmp_path, choice, RIGHT, flipped(RIGHT, 20, 20))
    again = write_run(tmp_path / 'again', choice, RIGHT)
    path = again / CHOICE / f'{CHOICE}.json'
    path.write_text(json.dumps(json.loads(path.read_text())[:100]))
    report = compare(Runs(runs.a, runs.b, again))
    one = only(report)
    assert (one.again.count, one.again.errors, one.again.extracted_flips) == (100, (0, 0), 0)
    assert one.beyond_noise < 0.001
    assert 'The second run of A was asked 100 of them' in markdown(report)


def test_runs_that_were_asked_differently_are_told(tmp_path, choice):
    runs = pair(tmp_path, choice, RIGHT, RIGHT)
    for folder, tokens in ((runs.a, 1024), (runs.b, 64)):
        path = folder / CHOICE / 'task_info.json'
        path.write_text(json.dumps(json.loads(path.read_text()) | {'max_tokens': tokens, 'order': 'fixed'}))
    report = compare(runs)
    assert to_json(report)['asked_differently'] == {CHOICE: 'max_tokens 1024 and 64'}
    assert 'A and B were asked differently, max_tokens 1024 and 64.' in markdown(report)


def test_folders_of_flagevalmm_are_compared_without_the_data(tmp_path, choice):
    runs = pair(tmp_path, choice, RIGHT, flipped(RIGHT, 12, 5))
    for folder in (runs.a, runs.b):
        (folder / CHOICE / 'task_info.json').write_text(json.dumps({'model_name': 'RoboBrain'}))
        path = folder / CHOICE / f'{CHOICE}_evaluated.json'
        keys = ('question_id', 'question', 'answer', 'raw_answer', 'correct', 'label', 'question_type')
        path.write_text(json.dumps([{key: entry[key] for key in keys} for entry in json.loads(path.read_text())]))
    one = only(compare(runs))
    assert (one.rule, one.pairs.b, one.pairs.c) == ('recorded', 12, 5)
    assert one.base_acc == pytest.approx(66.5)
    with pytest.raises(BadRequest, match='say --data, or leave --scoring'):
        compare(runs, 'strict')
    assert only(compare(Runs(runs.a, runs.b, data=choice.parent), 'strict')).rule == 'strict'


@pytest.mark.parametrize('accuracy', ['NaN', '1e999', 'true', 'null', '"66"', f'1{"0" * 400}'])
def test_accuracies_that_are_no_numbers_are_worked_out(tmp_path, choice, accuracy):
    runs = pair(tmp_path, choice, RIGHT, RIGHT)
    for folder in (runs.a, runs.b):
        (folder / CHOICE / 'task_info.json').unlink()
        (folder / CHOICE / f'{CHOICE}_result.json').write_text(f'{{"accuracy": {accuracy}, "other": NaN}}')
    one = to_json(compare(runs))['details'][0]
    assert (one['scoring'], one['base_acc'], one['accuracy']) == ('recorded', 66.5, 66.5)
    json.dumps(one, allow_nan=False)


def test_a_score_without_an_answer_is_worth_nothing(tmp_path, choice):
    runs = pair(tmp_path, choice, RIGHT, RIGHT)
    (runs.a / CHOICE / 'task_info.json').unlink()
    path = runs.b / CHOICE / f'{CHOICE}.json'
    path.write_text(json.dumps(json.loads(path.read_text())[:300]))
    one = only(compare(runs))
    assert (one.rule, one.pairs.b, one.verdict.word) == ('recorded', 66, 'different')


def test_other_questions_are_refused(tmp_path, choice):
    runs = pair(tmp_path, choice, RIGHT, RIGHT)
    path = runs.b / CHOICE / f'{CHOICE}.json'
    path.write_text(path.read_text().replace('Which one is it, number 7?', 'Which one is that, number 7?'))
    with pytest.raises(BadRequest, match="'q0007'"):
        compare(runs)


def test_data_that_were_not_asked_are_refused(tmp_path, choice):
    runs = pair(tmp_path, choice, RIGHT, RIGHT)
    other = write_choice(tmp_path / 'other', 400)
    path = other / 'data.json'
    path.write_text(path.read_text().replace('Which one is it', 'Which one was it'))
    with pytest.raises(BadRequest, match='but the data ask'):
        compare(Runs(runs.a, runs.b, data=other.parent))
    with pytest.raises(BadRequest, match='the data do not have it'):
        compare(Runs(runs.a, runs.b, data=write_choice(tmp_path / 'less', 10).parent))


def test_a_run_is_not_compared_with_itself(tmp_path, choice):
    a = pair(tmp_path, choice, RIGHT, RIGHT).a
    with pytest.raises(BadRequest, match='are the same run'):
        compare(Runs(a, tmp_path / 'b' / '..' / 'a'))
    with pytest.raises(BadRequest, match='are the same run'):
        compare(Runs(a, tmp_path / 'b', again=a))
    with pytest.raises(BadRequest, match='are the same run'):
        compare(Runs(a, tmp_path / 'b', again=tmp_path / 'b'))


def test_sets_that_nobody_has_are_refused(tmp_path, choice):
    runs = pair(tmp_path, choice, RIGHT, RIGHT)
    with pytest.raises(BadRequest, match="no run has answers to 'erqa': there are robobrain_mini_choice"):
        compare(Runs(runs.a, runs.b, only=('erqa',)))


def test_the_json_has_the_keys_of_the_evaluation_service(tmp_path, choice):
    report = compare(pair(tmp_path, choice, RIGHT, flipped(RIGHT, 12, 5)))
    made = json.loads(json.dumps(to_json(report), allow_nan=False))
    assert {'details', 'release', 'threshold'} <= set(made)
    assert {'dataset', 'base_acc', 'accuracy', 'diff'} <= set(made['details'][0])
    assert made['details'][0]['diff'] == pytest.approx(-1.75)
    assert made['base_model']['name'] == 'tiny-CUDA'


def test_the_table_is_that_of_a_card(tmp_path, choice):
    lines = markdown(compare(pair(tmp_path, choice, RIGHT, flipped(RIGHT, 12, 5), errors=1))).splitlines()
    assert lines[0] == '| Metrics | tiny-CUDA | tiny-FlagOS |'
    assert lines[2] == '| robobrain_mini_choice | 66.500 | 64.750 |'
    for line in lines:  # each row has as many cells as its heading
        if line.startswith('|'):
            assert line.count('|') in (4, 8, 11)
    assert any('Without an answer, and so wrong: 0 of A, 1 of B' in line for line in lines)


def test_stacks_of_one_name_are_told_apart_by_their_folders(tmp_path, choice):
    native, served = (write_run(tmp_path / name, choice, RIGHT, 'tiny') for name in ('native', 'served'))
    runs = Runs(native, served)
    assert markdown(compare(runs)).startswith('| Metrics | tiny (native) | tiny (served) |')


def test_the_picture_is_drawn(tmp_path, choice, points):
    runs = pair(tmp_path, choice, RIGHT, flipped(RIGHT, 12, 5))
    pair(tmp_path, points, [True] * 100, [True] * 100)
    plot(compare(runs), tmp_path / 'consistency.png')
    image = cv2.imread(str(tmp_path / 'consistency.png'))
    assert image.shape[1] == 1000
    assert (image.reshape(-1, 3) == (55, 120, 27)).all(1).any()  # BGR of 'consistent'
    with pytest.raises(BadRequest, match='cannot write'):
        plot(compare(runs), tmp_path / 'nowhere' / 'consistency.png')
