-- Two responses to one instruction, judged side by side. Title, people and rules of such a study
-- are in study_versions, judgments in annotation_events and assignments in claims; these tables
-- contain only the responses. Rows are only added.

CREATE TABLE side_by_side (
    study_id VARCHAR PRIMARY KEY,
    pair_a VARCHAR NOT NULL,
    pair_b VARCHAR NOT NULL,
    n_both INTEGER NOT NULL,
    n_same INTEGER NOT NULL
);

CREATE TABLE comparisons (
    study_id VARCHAR NOT NULL,
    item_id VARCHAR NOT NULL,
    position INTEGER NOT NULL,
    instruction VARCHAR NOT NULL,
    input VARCHAR NOT NULL,
    run_a VARCHAR NOT NULL,
    text_a VARCHAR NOT NULL,
    run_b VARCHAR NOT NULL,
    text_b VARCHAR NOT NULL,
    PRIMARY KEY (study_id, item_id)
);
