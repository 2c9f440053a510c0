"""The one pipeline, from a picture and an instruction to an answer. No ROS."""
