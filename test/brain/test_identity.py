# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""What ties the outputs of one request together, and what tells whose answer it is."""

import pytest
from brain_fixtures import answer

from robobrain_ros.errors import ErrorCode


@pytest.mark.parametrize(('profile', 'model'), [('robobrain-2.5', 'scripted'), ('robobrain-tiny', 'robobrain-tiny')])
def test_an_answer_names_its_model(make, profile, model):
    """The tiny checkpoint's name does not depend on the folder that it was copied to."""
    assert answer(make(profile=profile)).model == model


def test_an_answer_has_the_request_s_id(make):
    assert answer(make(), request_id='goal 7').request_id == 'goal 7'


def test_requests_without_an_id_get_unique_ones(make):
    brain = make()
    first, second = answer(brain), answer(brain)
    assert first.request_id
    assert second.request_id not in ('', first.request_id)


def test_a_failed_answer_has_them_too_and_is_not_complete(make):
    failed = answer(make(), 'no such task', request_id='7')
    assert (failed.code, failed.model, failed.request_id) == (ErrorCode.BAD_REQUEST, 'scripted', '7')
    assert not failed.complete


def test_a_point_without_a_label_is_named_by_what_was_looked_for(make):
    assert [target.label for target in answer(make()).targets] == ['the mug']
