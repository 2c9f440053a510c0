"""Mistakes on the command line end in a sentence, before anything is started."""

import sys
from argparse import ArgumentTypeError

import pytest

from robobrain_ros.cli import main
from robobrain_ros.commands.arguments import image_size, positive


@pytest.mark.parametrize(
    ('command', 'says'),
    [
        ('demo --episodes 0', "robobrain demo: error: argument --episodes: '0' must be a whole number above 0"),
        ('evaluate --scenes 0', "--scenes: '0' must be a whole number above 0"),
        ('parity --scenes 0', "--scenes: '0' must be"),
        ('parity --dtype float12', "'float12'"),
        ('parity --quantization int3', "'int3'"),
        ('tune --quantization int3', "'int3'"),
        ('tune --image-size 640', "'640' must be WIDTHxHEIGHT"),
        ('tune --image-size 0x0', "'0x0' must be WIDTHxHEIGHT"),
        ('bench engine --image-size 640x', "'640x' must be WIDTHxHEIGHT"),
        ('bench node --repetitions 0', "--repetitions: '0'"),
        ('bench soak --minutes -1', "--minutes: '-1' must be a number above 0"),
        ('bench soak --minutes nan', "--minutes: 'nan' must be a number above 0"),
        ('bench soak --minutes inf', "--minutes: 'inf' must be a number above 0"),
        ('bench faults --kills -2', "--kills: '-2'"),
        ('bench faults --kills 1.5', "--kills: '1.5' must be a whole number"),
        ('bench transport --seconds 0', "--seconds: '0'"),
        ('bench transport --requests x', "--requests: 'x'"),
    ],
)
def test_bad_values_are_refused(command, says, capsys):
    with pytest.raises(SystemExit) as end:
        main(command.split())
    assert end.value.code == 2
    assert says in capsys.readouterr().err


@pytest.mark.parametrize('wrong', ['640', '640x', 'x480', '0x480', '640x0', '-640x480', 'axb', '640x480x3', '٦٤٠x480'])
def test_image_sizes(wrong):
    assert image_size('640x480') == (640, 480)
    with pytest.raises(ArgumentTypeError, match='must be WIDTHxHEIGHT'):
        image_size(wrong)


def test_positive_keeps_the_kind():
    assert [positive(int)('7'), positive(float)('0.5')] == [7, 0.5]
    assert type(positive(int)('7')) is int


@pytest.mark.parametrize(
    ('command', 'says'),
    [
        ('evaluate --card nosuch/dir/x.md', "robobrain evaluate: cannot use 'nosuch/dir/x.md': No such file"),
        ('bench engine --output FILE/x', "robobrain bench engine: cannot use 'FILE/x': Not a directory"),
        ('bench engine --paths engine,other', "robobrain bench engine: unknown path 'other'"),
        ('parity --dtype bfloat16 --output nosuch/x.json', "robobrain parity: cannot write 'nosuch/x.json'"),
        ('parity', 'robobrain parity: nothing to compare'),
        ('bag replay nowhere', "robobrain bag replay: 'nowhere' is no rosbag2 recording"),
    ],
)
def test_errors_are_sentences_that_name_the_command(command, says, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'FILE').touch()
    assert main(command.split()) == 1
    assert capsys.readouterr().err.startswith(says)


@pytest.mark.parametrize('command', ['demo', 'up', 'bag record', 'bench soak', 'bench transport'])
def test_without_ros_it_says_how_to_get_it(command, capsys, monkeypatch):
    for name in ('commands.demo', 'commands.local_stack', 'bags.record', 'bench.soak', 'bench.transport'):
        monkeypatch.delitem(sys.modules, f'robobrain_ros.{name}', raising=False)  # so that it is imported anew
    monkeypatch.setitem(sys.modules, 'rclpy', None)
    assert main(command.split()) == 1
    error = capsys.readouterr().err
    assert error.startswith(f'robobrain {command}: ')
    assert 'rclpy' in error
    assert 'source a ROS 2' in error
    assert './run exec' in error


def test_up_shows_where_the_node_s_arguments_go(capsys):
    with pytest.raises(SystemExit):
        main(['up', '--help'])
    assert '[-- NODE_ARGUMENTS' in capsys.readouterr().out.splitlines()[0]
