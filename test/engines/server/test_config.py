# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Addresses, keys and numbers of a server as people write them."""

import pytest

from robobrain_ros.engines.server.config import ServerConfig, addresses
from robobrain_ros.errors import BadRequest


@pytest.mark.parametrize(
    ('url', 'found'),
    [
        ('http://a:9010', ['http://a:9010']),
        ('http://a:9010/', ['http://a:9010']),
        ('http://a:9010/v1', ['http://a:9010']),
        ('https://a/robots/v1/', ['https://a/robots']),
        (' http://a:1 ,http://b:2,', ['http://a:1', 'http://b:2']),
        ('http://[::1]:9010', ['http://[::1]:9010']),
    ],
)
def test_addresses_are_read_as_people_write_them(url, found):
    assert addresses(url) == found


@pytest.mark.parametrize(
    ('url', 'words'),
    [
        ('', 'must be the address of a server'),
        (' , ', 'must be the address of a server'),
        ('a:9010', "'a:9010', but an address must be like"),
        ('robot-server', 'must be like'),
        ('ftp://a', 'must be like'),
        ('http://a:port', 'must be like'),
        ('http://', 'must be like'),
        ('http://a/?x=1', 'ends before'),
        ('http://a,http://a/v1', 'twice'),
    ],
)
def test_what_is_no_address_is_quoted(url, words):
    with pytest.raises(BadRequest, match=words):
        ServerConfig(url)


@pytest.mark.parametrize('url', ['http://me:secret@a:9010', 'ftp://me:secret@a', 'me:secret@a'])
def test_a_password_in_an_address_is_refused_and_not_repeated(url):
    with pytest.raises(BadRequest, match=r'server\.api_key_file') as caught:
        ServerConfig(url)
    assert 'secret' not in str(caught.value)


@pytest.mark.parametrize(
    ('options', 'words'),
    [
        ({'image_format': 'bmp'}, "'bmp', but must be 'jpeg' or 'png'"),
        ({'timeout_s': 0}, 'seconds above 0'),
        ({'timeout_s': float('nan')}, 'seconds above 0'),
        ({'max_pixels': 0}, 'whole number of 1 or more'),
    ],
)
def test_other_bad_values_are_quoted(options, words):
    with pytest.raises(BadRequest, match=words):
        ServerConfig('http://a', **options)


def test_a_key_is_one_line_of_a_file(tmp_path):
    file = tmp_path / 'key'
    file.write_text('sk-1\n')
    assert ServerConfig('http://a', api_key_file=str(file)).api_key() == 'sk-1'
    assert ServerConfig('http://a').api_key() == ''


def test_without_a_file_a_key_may_come_from_a_variable(monkeypatch, tmp_path):
    (tmp_path / 'key').write_text('sk-1')
    monkeypatch.setenv('KEY', 'sk-2\n')
    assert ServerConfig('http://a', api_key_variable='KEY').api_key() == 'sk-2'
    assert ServerConfig('http://a', api_key_file=str(tmp_path / 'key'), api_key_variable='KEY').api_key() == 'sk-1'
    assert ServerConfig('http://a', api_key_variable='NONE').api_key() == ''
    monkeypatch.setenv('KEY', 'sk 2')
    with pytest.raises(BadRequest, match=r'the variable KEY must hold a key: ASCII letters without blanks$'):
        ServerConfig('http://a', api_key_variable='KEY').api_key()


@pytest.mark.parametrize('content', [b'', b'\n', b'sk-1\nsk-2', b'sk 1', 'schlüssel'.encode(), b'sk\x00'])
def test_a_file_without_a_key_is_named_and_not_quoted(tmp_path, content):
    file = tmp_path / 'key'
    file.write_bytes(content)
    with pytest.raises(BadRequest, match='must hold one line') as caught:
        ServerConfig('http://a', api_key_file=str(file)).api_key()
    assert str(file) in str(caught.value)
    assert 'sk' not in str(caught.value).replace(str(file), '')


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(BadRequest, match='No such file'):
        ServerConfig('http://a', api_key_file=str(tmp_path / 'nothing')).api_key()
