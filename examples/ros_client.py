"""Ask a running node from Python, over ROS 2.

    robobrain up --sim                 # in another terminal: node, and a simulated camera
    python examples/ros_client.py "the red mug"

``Client`` needs a node of yours, which it spins while it waits; it sends the action that ``ros2 action`` sends, as does
``robobrain query "the red mug"`` in a shell.
"""

import sys

import rclpy
from rclpy.node import Node

from robobrain_ros.ros import Client

instruction = sys.argv[1] if len(sys.argv) > 1 else 'the red mug'
rclpy.init()
client = Client(Node('robobrain_example'), name='/robobrain')
answer = client.query(
    'pointing', instruction, timeout_s=30.0, feedback=lambda part: print(f'{part.stage}: {part.partial_text}')
)
print('outcome:', answer.error_code, answer.error_message or 'success')
print('positions are in frame', answer.position_frame)
for target in answer.targets:
    print(f'target at pixel ({target.u:.0f}, {target.v:.0f}), position {target.position}')
client.close()
rclpy.shutdown()
