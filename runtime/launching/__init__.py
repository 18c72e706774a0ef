"""What process 1 of a container does for the trainers: find hosts, start, watch, stop, report.

    root         where everything lies
    hosts        which host this is, and which one leads
    devices      how many trainers a host takes
    children     the trainers' commands and environment
    supervisor   their start, their signals and their end
    gang         the hosts' word to each other
    failure      the message for the user
    publish      what the job leaves
    trainer      what a trainer process does
    references   the values that only a trainer may know

Nothing here but `trainer` loads torch: process 1 must answer a signal at once.
"""
