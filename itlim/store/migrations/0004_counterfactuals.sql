-- Counterfactual instructions: rephrasings of a question, which show whether a phrase remains.
-- Rows are only added: the latest version of a case counts, and the latest judgment.

CREATE TABLE counterfactual_cases (
    case_id VARCHAR NOT NULL,
    version INTEGER NOT NULL,
    run_id VARCHAR NOT NULL,
    pair VARCHAR NOT NULL,
    instruction VARCHAR NOT NULL,
    input VARCHAR NOT NULL,
    response VARCHAR NOT NULL,
    span_start INTEGER NOT NULL,
    span_stop INTEGER NOT NULL,
    source_ids VARCHAR[] NOT NULL,
    other_ids VARCHAR[] NOT NULL,
    concept VARCHAR NOT NULL,
    changed_by VARCHAR NOT NULL,
    changed_at TIMESTAMP NOT NULL,
    PRIMARY KEY (case_id, version)
);

-- The answer is copied, so that a finding remains when its run is deleted.
CREATE TABLE counterfactuals (
    counterfactual_id VARCHAR PRIMARY KEY,
    case_id VARCHAR NOT NULL,
    pair VARCHAR NOT NULL,
    instruction VARCHAR NOT NULL,
    input VARCHAR NOT NULL,
    template VARCHAR NOT NULL,
    run_id VARCHAR NOT NULL,
    response VARCHAR NOT NULL,
    base_hash VARCHAR NOT NULL,
    tuned_hash VARCHAR NOT NULL,
    decoding VARCHAR NOT NULL,
    max_new_tokens INTEGER,
    recurrence VARCHAR NOT NULL,
    recurs_start INTEGER,
    recurs_stop INTEGER,
    similarity DOUBLE NOT NULL,
    borrowed VARCHAR,
    author VARCHAR NOT NULL,
    created_at TIMESTAMP NOT NULL
);

CREATE TABLE counterfactual_judgements (
    counterfactual_id VARCHAR NOT NULL,
    question VARCHAR NOT NULL,
    answer VARCHAR NOT NULL,
    judged_by VARCHAR NOT NULL,
    judged_at TIMESTAMP NOT NULL
);
