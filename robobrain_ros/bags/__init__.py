"""Recordings (rosbag2 folders, MCAP or SQLite) of a camera: making one, and playing it to the node for regression."""
