"""34x, 39x, 6xx and 9xx: faults that no spec shows by itself."""

from mrlc.compiler.page import Page

PAGES = {
    "MRLC340": Page("""\
Compiling replaces the folder of a plan as a whole, so it never touches one that holds anything
else.

Move what is there, or choose another folder by `--out`."""),
    "MRLC390": Page("""\
Some faults need the model or your code to run: a chat template that rewrites earlier turns, a
reward that raises. They are found before the first step where they can be, and shown in the spec
that the plan was compiled from.

The message says what to change."""),
    "MRLC391": Page("""\
A plan is read as it was compiled: each file is compared with its digest. This one is absent,
incomplete, or was edited afterwards. A run's stored episodes and checkpoints are read as the run
wrote them.

Compile the spec again, or go back to the run's own files."""),
    "MRLC601": Page("""\
The plans under build/ are what runs, and what a reviewer sees. This one is not what its spec gives
now: the spec was changed and not compiled, or the plan was edited.

Run `mrlc compile` and commit what it writes."""),
    "MRLC602": Page("""\
`mrlc.lock` is sorted JSON that `mrlc lock` writes; this one was edited or merged by hand.

Delete it and run `mrlc lock`."""),
    "MRLC603": Page("""\
With a lock in place every Hub model has its commit there, so that the weights under a plan never
change. This model has none yet.

Run `mrlc lock`, where there is a network."""),
    "MRLC604": Page("""\
The held-out tasks were frozen when the lock was written. Changed since, results before and after do
not compare.

Take the change back, or accept it with `mrlc lock --upgrade`."""),
    "MRLC901": Page("""\
mrlc itself has failed. Nothing is wrong with your spec, or not anything that should end so.

Report it with the log file that the message names."""),
}
