-- Texts are compared byte by byte, as SQLite does: ids, terms and keyset pages depend on it.
CREATE TABLE users (
    id TEXT COLLATE "C" PRIMARY KEY,
    username TEXT COLLATE "C" NOT NULL UNIQUE,
    password_hash TEXT COLLATE "C" NOT NULL,
    is_staff BOOLEAN NOT NULL,
    is_superuser BOOLEAN NOT NULL,
    active BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE sessions (
    id TEXT COLLATE "C" PRIMARY KEY,
    user_id TEXT COLLATE "C" NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    ended_at BIGINT,
    address TEXT COLLATE "C" NOT NULL,
    user_agent TEXT COLLATE "C" NOT NULL
);
CREATE INDEX sessions_of_user ON sessions (user_id, last_used_at);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

CREATE TABLE refresh_tokens (
    hash TEXT COLLATE "C" PRIMARY KEY,
    session_id TEXT COLLATE "C" NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT
);
CREATE INDEX refresh_tokens_of_session ON refresh_tokens (session_id);

-- `tags` and `words` are what photo_terms has of the photo, separated by spaces, which no term contains.
CREATE TABLE photos (
    id TEXT COLLATE "C" PRIMARY KEY,
    version BIGINT NOT NULL,
    owner_id TEXT COLLATE "C" NOT NULL REFERENCES users (id),
    name TEXT COLLATE "C" NOT NULL,
    caption TEXT COLLATE "C" NOT NULL,
    tags TEXT COLLATE "C" NOT NULL,
    words TEXT COLLATE "C" NOT NULL,
    draft BOOLEAN NOT NULL,
    format TEXT COLLATE "C" NOT NULL,
    bytes BIGINT NOT NULL,
    width BIGINT NOT NULL,
    height BIGINT NOT NULL,
    placeholder BYTEA NOT NULL,
    sha256 TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    published_at BIGINT,
    sort_at BIGINT NOT NULL,
    deleted_at BIGINT,
    CHECK (draft = (published_at IS NULL)),
    CHECK (sort_at = COALESCE(published_at, created_at))
);
CREATE INDEX photos_listed ON photos (draft, sort_at, id) WHERE deleted_at IS NULL;
CREATE INDEX photos_listed_created ON photos (draft, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX photos_of_owner ON photos (owner_id, draft, sort_at, id) WHERE deleted_at IS NULL;
CREATE INDEX photos_of_owner_created ON photos (owner_id, draft, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX photos_in_trash ON photos (deleted_at, id) WHERE deleted_at IS NOT NULL;

-- A word as it is, a tag behind its `#`. One index for each of: all photos or an owner's, by publication or by creation.
CREATE TABLE photo_terms (
    term TEXT COLLATE "C" NOT NULL,
    draft BOOLEAN NOT NULL,
    sort_at BIGINT NOT NULL,
    photo_id TEXT COLLATE "C" NOT NULL,
    owner_id TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (term, draft, sort_at, photo_id)
);
CREATE INDEX photo_terms_created ON photo_terms (term, draft, created_at, photo_id);
CREATE INDEX photo_terms_of_owner ON photo_terms (owner_id, term, draft, sort_at, photo_id);
CREATE INDEX photo_terms_of_owner_created ON photo_terms (owner_id, term, draft, created_at, photo_id);

-- How many published photos have a tag.
CREATE TABLE tag_counts (
    tag TEXT COLLATE "C" PRIMARY KEY,
    photos BIGINT NOT NULL CHECK (photos >= 0)
);
CREATE INDEX tag_counts_most_used ON tag_counts (photos, tag);

-- The ledger: a row for every object of the store, before its first byte. The photo of a pending object is still to come.
CREATE TABLE objects (
    key TEXT COLLATE "C" PRIMARY KEY,
    photo_id TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    content_type TEXT COLLATE "C" NOT NULL,
    state TEXT COLLATE "C" NOT NULL CHECK (state IN ('pending', 'live', 'deleting')),
    bytes BIGINT,
    sha256 TEXT COLLATE "C",
    maker TEXT COLLATE "C",
    heartbeat_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    CHECK (state <> 'live' OR (bytes IS NOT NULL AND sha256 IS NOT NULL))
);
CREATE INDEX objects_of_photo ON objects (photo_id);
CREATE INDEX objects_pending ON objects (heartbeat_at) WHERE state = 'pending';
CREATE INDEX objects_deleting ON objects (key) WHERE state = 'deleting';

CREATE TABLE idempotency_keys (
    user_id TEXT COLLATE "C" NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    key TEXT COLLATE "C" NOT NULL,
    head TEXT COLLATE "C" NOT NULL,
    holder TEXT COLLATE "C" NOT NULL,
    held_until BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    fingerprint TEXT COLLATE "C",
    status BIGINT,
    headers TEXT COLLATE "C",
    body BYTEA,
    PRIMARY KEY (user_id, key)
);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);

-- No foreign keys: history outlives what it tells of.
CREATE TABLE audit (
    id TEXT COLLATE "C" PRIMARY KEY,
    at BIGINT NOT NULL,
    actor_id TEXT COLLATE "C",
    actor TEXT COLLATE "C" NOT NULL,
    via TEXT COLLATE "C" NOT NULL,
    request_id TEXT COLLATE "C",
    action TEXT COLLATE "C" NOT NULL,
    photo_id TEXT COLLATE "C",
    user_id TEXT COLLATE "C",
    changes TEXT COLLATE "C" NOT NULL
);
CREATE INDEX audit_of_photo ON audit (photo_id, id) WHERE photo_id IS NOT NULL;
CREATE INDEX audit_of_user ON audit (user_id, id) WHERE user_id IS NOT NULL;

CREATE TABLE leases (
    name TEXT COLLATE "C" PRIMARY KEY,
    holder TEXT COLLATE "C" NOT NULL,
    expires_at BIGINT NOT NULL
);
