"""Batch runs: answer every row of a file under one or more pairs, in one process or on a cluster.

`instructions` reads the file, `plan` makes jobs of it, `answering`, `tracing` and `shards` say what
a worker does with a job, `local` and `cluster` where workers run, `parts` keeps what is finished,
`output` joins it, `trace_output` traces it, and `running` does all of this. `exchange` moves the
output into the database and back.

The app's batches are folders (`folders`) that a process (`process`) fills and reports about
(`progress`); `preview` says beforehand what it will do, and `launch` starts it, ends it, and stores
what it answered.
"""
