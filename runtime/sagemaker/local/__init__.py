"""A local SageMaker: the training jobs of the service, on this machine, as boto3 sees them.

    boto3 ──HTTP──▶ server ▶ operations ▶ service ─┬─ job   what Describe says of it
                                                   └─ life  a thread that runs it, by its mailbox
                                                        ├─ host     a folder like /opt/ml, a process
                                                        ├─ sidecar  log, metrics and checkpoints
                                                        └─ cloud    S3, Logs, … of a moto server

The container's command really runs, once for each instance, with this Python in place of the
image. What the service promises a container is kept: the files under /opt/ml (here below
MRLC_ML_ROOT), SIGTERM and a grace period, checkpoints copied as they are written, the failure
file, the end of every process with the first one.

Where it differs: no image is pulled, all hosts share one network and one machine, and a first
process without a handler dies of SIGTERM, which in a container it would not hear.

`local.session.open_local` starts everything; what it leaves running or on disk is nothing, even
when it is killed (`guardian`).
"""
