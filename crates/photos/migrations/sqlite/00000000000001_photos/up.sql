-- The same tables as in PostgreSQL; STRICT, because only then a type is a type.
CREATE TABLE users (
    id TEXT PRIMARY KEY,
    username TEXT NOT NULL UNIQUE,
    password_hash TEXT NOT NULL,
    is_staff INTEGER NOT NULL,
    is_superuser INTEGER NOT NULL,
    active INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE sessions (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    last_used_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    ended_at INTEGER,
    address TEXT NOT NULL,
    user_agent TEXT NOT NULL
) STRICT;
CREATE INDEX sessions_of_user ON sessions (user_id, last_used_at);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

CREATE TABLE refresh_tokens (
    hash TEXT PRIMARY KEY,
    session_id TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX refresh_tokens_of_session ON refresh_tokens (session_id);

-- `tags` and `words` are what photo_terms has of the photo, separated by spaces, which no term contains.
CREATE TABLE photos (
    id TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    owner_id TEXT NOT NULL REFERENCES users (id),
    name TEXT NOT NULL,
    caption TEXT NOT NULL,
    tags TEXT NOT NULL,
    words TEXT NOT NULL,
    draft INTEGER NOT NULL,
    format TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    placeholder BLOB NOT NULL,
    sha256 TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    published_at INTEGER,
    sort_at INTEGER NOT NULL,
    deleted_at INTEGER,
    CHECK (draft = (published_at IS NULL)),
    CHECK (sort_at = COALESCE(published_at, created_at))
) STRICT;
CREATE INDEX photos_listed ON photos (draft, sort_at, id) WHERE deleted_at IS NULL;
CREATE INDEX photos_listed_created ON photos (draft, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX photos_of_owner ON photos (owner_id, draft, sort_at, id) WHERE deleted_at IS NULL;
CREATE INDEX photos_of_owner_created ON photos (owner_id, draft, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX photos_in_trash ON photos (deleted_at, id) WHERE deleted_at IS NOT NULL;

-- A word as it is, a tag behind its `#`. One index for each of: all photos or an owner's, by publication or by creation.
CREATE TABLE photo_terms (
    term TEXT NOT NULL,
    draft INTEGER NOT NULL,
    sort_at INTEGER NOT NULL,
    photo_id TEXT NOT NULL,
    owner_id TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (term, draft, sort_at, photo_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX photo_terms_created ON photo_terms (term, draft, created_at, photo_id);
CREATE INDEX photo_terms_of_owner ON photo_terms (owner_id, term, draft, sort_at, photo_id);
CREATE INDEX photo_terms_of_owner_created ON photo_terms (owner_id, term, draft, created_at, photo_id);

-- How many published photos have a tag.
CREATE TABLE tag_counts (
    tag TEXT PRIMARY KEY,
    photos INTEGER NOT NULL CHECK (photos >= 0)
) STRICT, WITHOUT ROWID;
CREATE INDEX tag_counts_most_used ON tag_counts (photos, tag);

-- The ledger: a row for every object of the store, before its first byte. The photo of a pending object is still to come.
CREATE TABLE objects (
    key TEXT PRIMARY KEY,
    photo_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    content_type TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'live', 'deleting')),
    bytes INTEGER,
    sha256 TEXT,
    maker TEXT,
    heartbeat_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    CHECK (state <> 'live' OR (bytes IS NOT NULL AND sha256 IS NOT NULL))
) STRICT;
CREATE INDEX objects_of_photo ON objects (photo_id);
CREATE INDEX objects_pending ON objects (heartbeat_at) WHERE state = 'pending';
CREATE INDEX objects_deleting ON objects (key) WHERE state = 'deleting';

CREATE TABLE idempotency_keys (
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    key TEXT NOT NULL,
    head TEXT NOT NULL,
    holder TEXT NOT NULL,
    held_until INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    fingerprint TEXT,
    status INTEGER,
    headers TEXT,
    body BLOB,
    PRIMARY KEY (user_id, key)
) STRICT;
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);

-- No foreign keys: history outlives what it tells of.
CREATE TABLE audit (
    id TEXT PRIMARY KEY,
    at INTEGER NOT NULL,
    actor_id TEXT,
    actor TEXT NOT NULL,
    via TEXT NOT NULL,
    request_id TEXT,
    action TEXT NOT NULL,
    photo_id TEXT,
    user_id TEXT,
    changes TEXT NOT NULL
) STRICT;
CREATE INDEX audit_of_photo ON audit (photo_id, id) WHERE photo_id IS NOT NULL;
CREATE INDEX audit_of_user ON audit (user_id, id) WHERE user_id IS NOT NULL;

CREATE TABLE leases (
    name TEXT PRIMARY KEY,
    holder TEXT NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
