//! The tables, the same for both databases. Times are microseconds since 1970 UTC, ids are text.

diesel::table! {
    users (id) {
        id -> Text,
        username -> Text,
        password_hash -> Text,
        is_staff -> Bool,
        is_superuser -> Bool,
        active -> Bool,
        created_at -> BigInt,
    }
}

diesel::table! {
    sessions (id) {
        id -> Text,
        user_id -> Text,
        created_at -> BigInt,
        last_used_at -> BigInt,
        expires_at -> BigInt,
        ended_at -> Nullable<BigInt>,
        address -> Text,
        user_agent -> Text,
    }
}

diesel::table! {
    refresh_tokens (hash) {
        hash -> Text,
        session_id -> Text,
        created_at -> BigInt,
        expires_at -> BigInt,
        used_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    photos (id) {
        id -> Text,
        version -> BigInt,
        owner_id -> Text,
        name -> Text,
        caption -> Text,
        tags -> Text,
        words -> Text,
        draft -> Bool,
        format -> Text,
        bytes -> BigInt,
        width -> BigInt,
        height -> BigInt,
        placeholder -> Binary,
        sha256 -> Text,
        created_at -> BigInt,
        updated_at -> BigInt,
        published_at -> Nullable<BigInt>,
        sort_at -> BigInt,
        deleted_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    photo_terms (term, draft, sort_at, photo_id) {
        term -> Text,
        draft -> Bool,
        sort_at -> BigInt,
        photo_id -> Text,
        owner_id -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    tag_counts (tag) {
        tag -> Text,
        photos -> BigInt,
    }
}

diesel::table! {
    objects (key) {
        key -> Text,
        photo_id -> Text,
        kind -> Text,
        content_type -> Text,
        state -> Text,
        bytes -> Nullable<BigInt>,
        sha256 -> Nullable<Text>,
        maker -> Nullable<Text>,
        heartbeat_at -> BigInt,
        created_at -> BigInt,
    }
}

diesel::table! {
    idempotency_keys (user_id, key) {
        user_id -> Text,
        key -> Text,
        head -> Text,
        holder -> Text,
        held_until -> BigInt,
        created_at -> BigInt,
        fingerprint -> Nullable<Text>,
        status -> Nullable<BigInt>,
        headers -> Nullable<Text>,
        body -> Nullable<Binary>,
    }
}

diesel::table! {
    audit (id) {
        id -> Text,
        at -> BigInt,
        actor_id -> Nullable<Text>,
        actor -> Text,
        via -> Text,
        request_id -> Nullable<Text>,
        action -> Text,
        photo_id -> Nullable<Text>,
        user_id -> Nullable<Text>,
        changes -> Text,
    }
}

diesel::table! {
    leases (name) {
        name -> Text,
        holder -> Text,
        expires_at -> BigInt,
    }
}

diesel::table! {
    checks (id) {
        id -> Text,
        started_at -> BigInt,
        started_by -> Text,
        quick -> Bool,
        heartbeat_at -> BigInt,
        seen -> BigInt,
        ended_at -> Nullable<BigInt>,
        report -> Nullable<Text>,
        fault -> Nullable<Text>,
    }
}

diesel::joinable!(sessions -> users (user_id));
diesel::joinable!(refresh_tokens -> sessions (session_id));
diesel::joinable!(photos -> users (owner_id));

diesel::allow_tables_to_appear_in_same_query!(users, sessions, refresh_tokens, photos);
