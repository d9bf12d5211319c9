-- The admin's lists in every order that they offer, and who did what.
CREATE INDEX photos_by_name ON photos (name, id) WHERE deleted_at IS NULL;
CREATE INDEX photos_by_size ON photos (bytes, id) WHERE deleted_at IS NULL;
CREATE INDEX photos_by_change ON photos (updated_at, id) WHERE deleted_at IS NULL;
CREATE INDEX users_by_staff ON users (is_staff, username);
CREATE INDEX users_by_active ON users (active, username);
CREATE INDEX audit_of_actor ON audit (actor, id);

-- Runs of fsck that were started in the admin: any replica shows what any replica does.
CREATE TABLE checks (
    id TEXT PRIMARY KEY,
    started_at INTEGER NOT NULL,
    started_by TEXT NOT NULL,
    quick INTEGER NOT NULL,
    heartbeat_at INTEGER NOT NULL,
    seen INTEGER NOT NULL,
    ended_at INTEGER,
    report TEXT,
    fault TEXT
) STRICT;
