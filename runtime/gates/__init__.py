"""What must be shown before a run: the gates, the evidence, and the lock on the door.

    gate          a check with a code, the parts of the plan that it is bound to, and its page
    case          what gates look at: the plan, its scripted world, its baseline rollouts
    verdict       pass, fail, insufficient evidence; beside them waived and not asked
    evidence      verdicts with their numbers and offenders, bound to digests, in git
    door          whether a run may start: every gate passed and not stale, or waived

A gate is one short file in `checks` that registers itself. Scripted gates play turns that are
given (golden walks, demonstrations, probes of every tool) and need no torch. Statistical ones
read the rollouts of the base model, each on a task of its own, so that exact binomial bounds hold.
A fault of the spec that a gate meets is data, its verdict; what keeps a gate from looking at all
is a `PlanFault`, as in a run.
"""
