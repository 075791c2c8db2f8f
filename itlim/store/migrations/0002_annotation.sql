-- Annotations of responses. Rows are only added, except for claims, which state who works on which
-- item. Times are UTC without a zone (see 0001).

-- A study is its newest version; earlier ones are kept, because each event names the version of its
-- guideline.
CREATE TABLE study_versions (
    study_id VARCHAR NOT NULL,
    version INTEGER NOT NULL,
    config VARCHAR NOT NULL,
    changed_by VARCHAR NOT NULL,
    changed_at TIMESTAMP NOT NULL,
    PRIMARY KEY (study_id, version)
);

CREATE TABLE study_items (
    study_id VARCHAR NOT NULL,
    item_id VARCHAR NOT NULL,
    position INTEGER NOT NULL,
    batch INTEGER NOT NULL,
    run_id VARCHAR NOT NULL,
    instruction VARCHAR NOT NULL,
    input VARCHAR NOT NULL,
    text VARCHAR NOT NULL,
    text_sha256 VARCHAR NOT NULL,
    unit_starts INTEGER[] NOT NULL,
    unit_stops INTEGER[] NOT NULL,
    units_are_tokens BOOLEAN NOT NULL,
    PRIMARY KEY (study_id, item_id)
);

CREATE SEQUENCE annotation_order;

CREATE TABLE annotation_events (
    seq BIGINT NOT NULL DEFAULT nextval('annotation_order'),
    event_id VARCHAR PRIMARY KEY,
    study_id VARCHAR NOT NULL,
    item_id VARCHAR NOT NULL,
    annotator VARCHAR NOT NULL,
    version INTEGER NOT NULL,
    kind VARCHAR NOT NULL,
    payload VARCHAR NOT NULL,
    client_time VARCHAR NOT NULL,
    stored_at TIMESTAMP NOT NULL,
    active_ms INTEGER NOT NULL,
    tab VARCHAR NOT NULL,
    guideline_version VARCHAR NOT NULL,
    UNIQUE (study_id, item_id, annotator, version)
);

CREATE TABLE claims (
    study_id VARCHAR NOT NULL,
    item_id VARCHAR NOT NULL,
    annotator VARCHAR NOT NULL,
    state VARCHAR NOT NULL,
    claimed_at TIMESTAMP NOT NULL,
    seen_at TIMESTAMP NOT NULL,
    PRIMARY KEY (study_id, item_id, annotator)
);
