-- Which runs belong to a batch that was started in the app, by the name of the batch.
CREATE TABLE run_batches (
    run_id VARCHAR NOT NULL,
    batch VARCHAR NOT NULL,
    PRIMARY KEY (run_id, batch)
);
