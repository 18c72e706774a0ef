"""Real processes as sandboxes. A *warden* is a small Python, exec'd fresh and never forked from the
trainer, that forks one child a call, watches it and cleans up; what the child runs has no rights.

A warden and its child run these modules with nothing but the standard library, so that a fork
costs little and the child finds nothing of the trainer in its memory. They need Linux; what
they import exists elsewhere, so that type checkers read them anywhere.
"""
