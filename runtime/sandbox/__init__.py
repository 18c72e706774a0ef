"""Where code that a model wrote is run, so that nothing of it gets out or stays behind.

A *tier* is how code is kept in. From the weakest need to the strongest:

    interpreter   an interpreter that has no file, socket or process to give (simpleeval,
                  Monty, SQLite under an authorizer)
    process       a real process that gave up all its rights: seccomp, Landlock, a uid of its
                  own in an empty root where we are root, limits on all that grows
    namespaces    the same in namespaces of its own, made by bubblewrap

A tier counts only where a small hostile set, really run in it on this machine, was stopped;
no setting of the system is believed. What is asked for and does not hold is refused, never
replaced by something weaker.

A call ends in one of four ways. It was `ok`; or `tool_error`, the code's own fault; or `limit`,
one of its limits; all three are text for the model. Or the sandbox itself failed,
`SandboxBroken`: then nothing is known of the code and the episode is not scored.

Success is told by a message over a channel that the code does not write to, never by an exit
code: `os._exit(0)` gives 0 as well.
"""
