-- What batches know about runs besides the runs themselves; columns follow schema.RUN_TAGS and
-- schema.RUN_PHRASES.
CREATE TABLE run_tags (
    run_id VARCHAR NOT NULL,
    item VARCHAR NOT NULL,
    task VARCHAR,
    topic VARCHAR,
    PRIMARY KEY (run_id, item)
);

-- The phrase of a response that is most likely borrowed from a dataset; null if there is none.
CREATE TABLE run_phrases (
    run_id VARCHAR NOT NULL,
    dataset VARCHAR NOT NULL,
    span_start INTEGER,
    span_stop INTEGER,
    span_text VARCHAR,
    null_p DOUBLE,
    n_choices INTEGER,
    nats DOUBLE,
    instance_id VARCHAR,
    PRIMARY KEY (run_id, dataset)
);
