-- Retraining experiments: the probability of a phrase under models tuned without some instances.
-- Rows are only added. The question is copied, so that a finding remains when its run is deleted.
-- Times are UTC without a zone (see 0001).

CREATE TABLE retrainings (
    experiment_id VARCHAR PRIMARY KEY,
    run_id VARCHAR NOT NULL,
    instruction VARCHAR NOT NULL,
    input VARCHAR NOT NULL,
    response VARCHAR NOT NULL,
    response_ids INTEGER[] NOT NULL,
    span_start INTEGER NOT NULL,
    span_stop INTEGER NOT NULL,
    instance_ids VARCHAR[] NOT NULL,
    n_controls INTEGER NOT NULL,
    seed BIGINT NOT NULL,
    max_new_tokens INTEGER NOT NULL,
    top_k INTEGER NOT NULL,
    pair VARCHAR NOT NULL,
    recipe VARCHAR NOT NULL,
    recipe_hash VARCHAR NOT NULL,
    base_sha256 VARCHAR NOT NULL,
    tuned_sha256 VARCHAR NOT NULL,
    base_logp DOUBLE NOT NULL,
    author VARCHAR NOT NULL,
    created_at TIMESTAMP NOT NULL,
    itlim_version VARCHAR NOT NULL
);

-- The models of an experiment, in order; tokens are rows of schema.TOKEN_SHIFTS as an Arrow
-- stream, separate from those of stored runs.
CREATE TABLE retraining_arms (
    experiment_id VARCHAR NOT NULL,
    position INTEGER NOT NULL,
    kind VARCHAR NOT NULL,
    instance_ids VARCHAR[] NOT NULL,
    logp DOUBLE NOT NULL,
    answer VARCHAR NOT NULL,
    phrase_gone BOOLEAN NOT NULL,
    answer_changed BOOLEAN NOT NULL,
    seconds DOUBLE NOT NULL,
    tokens BLOB NOT NULL,
    PRIMARY KEY (experiment_id, position)
);
