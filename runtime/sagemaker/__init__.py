"""Talking to SageMaker about the jobs that `mrlc compile` wrote.

    job         the files of one job, read and verified
    client      boto3's clients, and the one place where their errors become ours
    refusals    what AWS refused, in words that say what to do
    upload      the source, by its digest
    jobs        create, look, count, stop, and what goes with a job: its alarms and its rule
    definition  whether a job that exists is the one that was compiled
    records     runs/<job>/job.json: that a job was sent, and how to find it again
    logs        what the containers print
    artefacts   what a job leaves in S3, unpacked with care
    policy      the least that caller and role must be allowed to do
    local       a stand-in on this machine that really runs the jobs it is sent

Nothing is decided here that the compiler has not written down: what is sent is estimator.json,
alarms.json and events.json as they lie there.
"""
