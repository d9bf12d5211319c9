-- Lists read the newest terms from the index alone, as long as their pages are known to be visible to all. That is what a
-- vacuum notes, which by default waits for a fifth of the table: for the newest million photos, never.
ALTER TABLE photo_terms SET (
    autovacuum_vacuum_insert_threshold = 10000,
    autovacuum_vacuum_insert_scale_factor = 0,
    autovacuum_vacuum_threshold = 10000,
    autovacuum_vacuum_scale_factor = 0.01
);
