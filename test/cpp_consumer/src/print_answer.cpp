// Prints what the brain answers: ros2 run robobrain_cpp_consumer print_answer --ros-args -r answer:=/robobrain/answer
#include <memory>

#include "describe.hpp"
#include "rclcpp/rclcpp.hpp"

int main(int argc, char ** argv)
{
  rclcpp::init(argc, argv);
  const auto node = std::make_shared<rclcpp::Node>("print_answer");
  const auto subscription = node->create_subscription<robobrain_ros::msg::Answer>(
    "answer", 5, [&node](const robobrain_ros::msg::Answer & answer) {
      RCLCPP_INFO(node->get_logger(), "%s", describe(answer).c_str());
    });
  rclcpp::spin(node);
  rclcpp::shutdown();
  return 0;
}
