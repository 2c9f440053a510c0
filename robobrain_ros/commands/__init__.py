"""What ``robobrain X`` runs, but for the commands of ``bags``, ``bench`` and ``evaluation``.

``ask.py`` and ``query.py`` hold options; ``asking.py`` and ``querying.py`` do the work, with heavy imports.
"""
