"""RoboBrain 2.5 as a ROS 2 node: camera and instruction in; targets, trajectories and plans out."""

import pkgutil

# rosidl generates msg/, srv/ and action/, which may live in another directory on sys.path (an editable install):
# merge every directory called robobrain_ros into this one package.
__path__ = pkgutil.extend_path(__path__, __name__)
__version__ = '0.1.0'
