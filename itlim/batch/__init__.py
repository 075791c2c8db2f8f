"""Batch runs: answer every row of a file under one or more pairs, in one process or on a cluster.

`instructions` reads the file, `plan` makes jobs of it, `answering` and `tracing` say what a worker
does with a job, `local` and `cluster` where workers run, `parts` keeps what is finished, `output`
joins it, and `running` does all of this. `exchange` moves the output into the database and back.
"""
