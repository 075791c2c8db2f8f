-- Columns follow schema.RUNS and schema.TOKEN_SHIFTS; tests/store/test_migrations.py compares them.
-- Times are UTC without a zone: zones require an extension from the network.
CREATE TABLE runs (
    run_id VARCHAR PRIMARY KEY,
    created_at TIMESTAMP NOT NULL,
    pair VARCHAR NOT NULL,
    base_model VARCHAR NOT NULL,
    base_hash VARCHAR NOT NULL,
    tuned_model VARCHAR NOT NULL,
    tuned_hash VARCHAR NOT NULL,
    tuning VARCHAR NOT NULL,
    dtype VARCHAR NOT NULL,
    template VARCHAR NOT NULL,
    instruction VARCHAR NOT NULL,
    input VARCHAR NOT NULL,
    prompt VARCHAR NOT NULL,
    prompt_token_ids INTEGER[] NOT NULL,
    response VARCHAR NOT NULL,
    decoding VARCHAR NOT NULL,
    max_new_tokens INTEGER,
    finish_reason VARCHAR NOT NULL,
    marginal_above INTEGER NOT NULL,
    shifted_above INTEGER NOT NULL,
    top_k INTEGER NOT NULL,
    origin VARCHAR NOT NULL,
    itlim_version VARCHAR NOT NULL
);

CREATE TABLE token_shifts (
    run_id VARCHAR NOT NULL,
    position INTEGER NOT NULL,
    token_id INTEGER NOT NULL,
    text VARCHAR NOT NULL,
    char_start INTEGER NOT NULL,
    char_stop INTEGER NOT NULL,
    is_eos BOOLEAN NOT NULL,
    tuned_argmax_id INTEGER NOT NULL,
    base_rank INTEGER NOT NULL,
    base_prob DOUBLE NOT NULL,
    tuned_prob DOUBLE NOT NULL,
    emitted_rank INTEGER NOT NULL,
    emitted_prob DOUBLE NOT NULL,
    emitted_tuned_prob DOUBLE NOT NULL,
    category VARCHAR NOT NULL,
    kl_tuned_base DOUBLE NOT NULL,
    kl_base_tuned DOUBLE NOT NULL,
    js DOUBLE NOT NULL,
    base_entropy DOUBLE NOT NULL,
    tuned_entropy DOUBLE NOT NULL,
    top_base STRUCT(token_id INTEGER, text VARCHAR, prob DOUBLE)[] NOT NULL,
    top_tuned STRUCT(token_id INTEGER, text VARCHAR, prob DOUBLE)[] NOT NULL
);

-- Shipped sets of runs that were loaded, so that runs which a user deletes stay deleted.
CREATE TABLE shipped_loads (
    content_sha256 VARCHAR PRIMARY KEY,
    loaded_at TIMESTAMP NOT NULL DEFAULT current_localtimestamp()
);
