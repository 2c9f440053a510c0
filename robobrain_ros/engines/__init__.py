"""What an engine is, its life and its processes; how vLLM is embedded is in ``vllm``."""
