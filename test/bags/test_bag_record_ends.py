"""A recording that is ended from outside."""

import os
import signal

import pytest
import rclpy
from ros_helpers import own_domain

from robobrain_ros.bags.record import Recorder
from robobrain_ros.cli import main


@pytest.mark.ros
@pytest.mark.timeout(90)
def test_sigterm_ends_a_recording_quietly(tmp_path, monkeypatch, capsys):
    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(Recorder, 'write', lambda *_: os.kill(os.getpid(), signal.SIGTERM))  # at the first message
    try:
        with own_domain():
            assert main(['bag', 'record', '--seconds', '60', '--output', str(tmp_path / 'bag')]) == 130
    finally:
        signal.signal(signal.SIGTERM, before)
    assert capsys.readouterr().err == ''
    assert not rclpy.ok()
