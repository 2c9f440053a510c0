"""Makes the tiny checkpoint that ships: scenes, questions, a fast training forward of Qwen3-VL, evaluation, export.

Every step is a command: ``python -m training.render``, ``python -m training.train``, ``python -m training.export``.
Not installed on robots. Needs torch, safetensors, tokenizers and what ``robobrain_ros.sim`` needs.
"""
