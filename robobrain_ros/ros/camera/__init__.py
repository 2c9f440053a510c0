"""A camera's messages: topics, pixels, depth, intrinsics."""
