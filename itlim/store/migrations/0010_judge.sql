-- What judging models say about answers; columns follow records.ratings. Pair and question are
-- copied, because a file of ratings may be about answers that are not stored. Times are UTC without
-- a zone (see 0001). The server's key is in none of these tables.
CREATE TABLE judge_ratings (
    run_id VARCHAR NOT NULL,
    pair VARCHAR NOT NULL,
    instruction VARCHAR NOT NULL,
    task VARCHAR,
    judge VARCHAR NOT NULL,
    prompt_version VARCHAR NOT NULL,
    status VARCHAR NOT NULL,
    problem VARCHAR NOT NULL,
    n_asked INTEGER NOT NULL,
    raw VARCHAR,
    helpfulness TINYINT CHECK (helpfulness BETWEEN 1 AND 5),
    clarity TINYINT CHECK (clarity BETWEEN 1 AND 5),
    factuality TINYINT CHECK (factuality BETWEEN 1 AND 5),
    depth TINYINT CHECK (depth BETWEEN 1 AND 5),
    engagement TINYINT CHECK (engagement BETWEEN 1 AND 5),
    helpfulness_reason VARCHAR,
    clarity_reason VARCHAR,
    factuality_reason VARCHAR,
    depth_reason VARCHAR,
    engagement_reason VARCHAR,
    rated_at TIMESTAMP,
    -- A reply that could not be read is never a score.
    CHECK (status <> 'failed' OR coalesce(helpfulness, clarity, factuality, depth, engagement) IS NULL),
    PRIMARY KEY (run_id, judge, prompt_version)
);

-- Which of two answers a judge prefers, asked in both orders.
CREATE TABLE judge_preferences (
    run_first VARCHAR NOT NULL,
    run_second VARCHAR NOT NULL,
    pair_first VARCHAR NOT NULL,
    pair_second VARCHAR NOT NULL,
    instruction VARCHAR NOT NULL,
    judge VARCHAR NOT NULL,
    prompt_version VARCHAR NOT NULL,
    preference VARCHAR CHECK (preference IN ('first', 'second', 'tie')),
    in_order VARCHAR,
    reversed VARCHAR,
    raw_in_order VARCHAR,
    raw_reversed VARCHAR,
    problem VARCHAR NOT NULL,
    rated_at TIMESTAMP,
    PRIMARY KEY (run_first, run_second, judge, prompt_version)
);

-- Words that a judge calls wrong: suggestions to annotators, never marks.
CREATE TABLE judge_quotes (
    run_id VARCHAR NOT NULL,
    judge VARCHAR NOT NULL,
    prompt_version VARCHAR NOT NULL,
    start INTEGER NOT NULL,
    stop INTEGER NOT NULL,
    quote VARCHAR NOT NULL,
    reason VARCHAR NOT NULL,
    rated_at TIMESTAMP,
    PRIMARY KEY (run_id, judge, prompt_version, start, stop)
);
