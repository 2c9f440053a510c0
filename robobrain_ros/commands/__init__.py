"""What ``robobrain X`` runs: one module a command, but for those of ``bags``, ``bench`` and ``evaluation``."""
