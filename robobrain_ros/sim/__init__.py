"""A simulated camera over a table top with toys and a gripper: MuJoCo, headless, seeded."""
