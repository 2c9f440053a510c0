"""Triton kernels for steps of one token."""
