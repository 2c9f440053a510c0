"""Makes raw images arrive: the Fast DDS profile of this package. No ROS is imported here."""

import os
from pathlib import Path

PROFILE = 'fastdds_images.xml'
VARIABLES = ('FASTDDS_DEFAULT_PROFILES_FILE', 'FASTRTPS_DEFAULT_PROFILES_FILE')
"""Read by Fast DDS 3, and by Fast DDS 2 before it. Other DDS implementations ignore both."""
FAST_DDS_2 = ('humble', 'iron', 'jazzy')


def image_profile() -> dict[str, str]:
    """The environment variables with which Fast DDS uses config/fastdds_images.xml.

    :returns: values by name; empty where the user has chosen transports (one of VARIABLES, or
        FASTDDS_BUILTIN_TRANSPORTS, is set)
    :raises FileNotFoundError: if this package is not installed completely
    """
    if any(os.environ.get(name) for name in (*VARIABLES, 'FASTDDS_BUILTIN_TRANSPORTS')):
        return {}
    # Not both: Fast DDS 3 warns about the old name in every process.
    return {VARIABLES[os.environ.get('ROS_DISTRO') in FAST_DDS_2]: str(_find_profile())}


def use_image_profile() -> Path | None:
    """Let Fast DDS use config/fastdds_images.xml in this process and its children; call it before ``rclpy.init``.

    :returns: the profile's path; None where the user has chosen transports, and keeps them
    :raises FileNotFoundError: if this package is not installed completely
    """
    environment = image_profile()
    os.environ.update(environment)
    return next(map(Path, environment.values()), None)


def _find_profile() -> Path:
    """The profile: installed, it lies in <prefix>/share beside <prefix>/lib; in a source tree, in config/."""
    here = Path(__file__).resolve()
    for folder in here.parents:
        for candidate in (folder / 'share' / 'robobrain_ros' / 'config' / PROFILE, folder / 'config' / PROFILE):
            if candidate.is_file():
                return candidate
    raise FileNotFoundError(f'{PROFILE} is neither in share/robobrain_ros/config nor in config/ above {here.parent}')
