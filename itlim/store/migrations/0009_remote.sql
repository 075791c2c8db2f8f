-- Figures of answers whose models are behind servers: other columns than token_shifts, so that a
-- bound is never read as a divergence. The answer itself is a run without token measures.
CREATE TABLE remote_runs (
    run_id VARCHAR PRIMARY KEY,
    document VARCHAR NOT NULL
);
CREATE TABLE remote_tokens (
    run_id VARCHAR NOT NULL,
    "position" INTEGER NOT NULL,
    token_id INTEGER NOT NULL,
    "text" VARCHAR NOT NULL,
    char_start INTEGER NOT NULL,
    char_stop INTEGER NOT NULL,
    is_eos BOOLEAN NOT NULL,
    emitted_log_prob DOUBLE,
    emitted_prob DOUBLE NOT NULL,
    emitted_tuned_log_prob DOUBLE,
    emitted_tuned_prob DOUBLE NOT NULL,
    emitted_rank INTEGER NOT NULL,
    emitted_rank_decided BOOLEAN NOT NULL,
    tuned_argmax_id INTEGER,
    base_prob DOUBLE,
    tuned_prob DOUBLE,
    base_rank INTEGER,
    base_rank_decided BOOLEAN NOT NULL,
    category VARCHAR,
    category_decided BOOLEAN NOT NULL,
    kl_tuned_base_at_least DOUBLE NOT NULL,
    kl_base_tuned_at_least DOUBLE NOT NULL,
    kl_cells INTEGER NOT NULL
);
