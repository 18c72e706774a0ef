"""34x, 39x and 9xx: faults that no spec shows by itself."""

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
incomplete, or was edited afterwards.

Compile the spec again."""),
    "MRLC901": Page("""\
mrlc itself has failed. Nothing is wrong with your spec, or not anything that should end so.

Report it with the log file that the message names."""),
}
