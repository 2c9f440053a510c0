"""rclpy's lifecycle node, with a reply to each request to change its state. Blocks nothing."""

from rclpy.impl.implementation_singleton import rclpy_implementation
from rclpy.lifecycle import LifecycleNode, TransitionCallbackReturn


class AnsweringLifecycleNode(LifecycleNode):
    """A lifecycle node that refuses a transition which its state does not allow.

    rclpy 7.1 (Jazzy) raises in the callback of the service instead, so that whoever asked waits for ever; rclpy 9.1
    (Kilted) answers with ``success: false``, as rclcpp does. Nothing public lies between the service and the exception:
    this is the method that both versions call, under the name that Python gives it.
    """

    def _LifecycleNodeMixin__change_state(self, transition_id: int) -> TransitionCallbackReturn:
        try:
            return super()._LifecycleNodeMixin__change_state(transition_id)
        except rclpy_implementation.RCLError as error:
            self.get_logger().warning(f'transition {transition_id} is refused in this state: {error}')
            return TransitionCallbackReturn.ERROR
