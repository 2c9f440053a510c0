"""vLLM, embedded: the one room that a vLLM upgrade touches."""
