-- SQLite has nothing to vacuum here; the versions are the same for both.
SELECT 1;
