"""The schemas of the catalogue and of the queue of jobs, as steps that are only ever appended."""

from imclust_core.store.database import Migration

CATALOGUE = (
    Migration(
        "0001_collections_and_images",
        (
            """CREATE TABLE collections (
                id TEXT PRIMARY KEY,
                name TEXT NOT NULL,
                folder BLOB NOT NULL,
                follow_links INTEGER NOT NULL DEFAULT 0,
                created_at INTEGER NOT NULL,
                removed_at INTEGER,
                scanned_at INTEGER,
                summary TEXT
            )""",
            "CREATE UNIQUE INDEX one_open_collection_per_folder ON collections(folder) WHERE removed_at IS NULL",
            # Ids are never reused: names and vectors will hang on them long after a file is gone.
            """CREATE TABLE images (
                id INTEGER PRIMARY KEY AUTOINCREMENT,
                collection_id TEXT NOT NULL REFERENCES collections(id),
                path BLOB NOT NULL,
                state TEXT NOT NULL CHECK (state IN ('ok', 'bad', 'gone')),
                size INTEGER NOT NULL,
                mtime_ns INTEGER NOT NULL,
                hash BLOB,
                format TEXT,
                width INTEGER,
                height INTEGER,
                notes TEXT NOT NULL DEFAULT '',
                reason TEXT,
                detail TEXT NOT NULL DEFAULT '',
                -- the first image with the same bytes, where there is an earlier one
                first_id INTEGER,
                UNIQUE (collection_id, path)
            )""",
            "CREATE INDEX images_by_state ON images(collection_id, state, path)",
            # No index on the hash itself: its random order would cost a scan more than everything else it writes.
            "CREATE INDEX images_by_first ON images(collection_id, first_id) WHERE first_id IS NOT NULL",
        ),
    ),
    Migration(
        "0002_embeddings",
        (
            """CREATE TABLE embeddings (
                number INTEGER PRIMARY KEY AUTOINCREMENT,
                id TEXT NOT NULL UNIQUE,
                collection_id TEXT NOT NULL REFERENCES collections(id),
                fingerprint TEXT NOT NULL,
                recipe TEXT NOT NULL,
                created_at INTEGER NOT NULL,
                finished_at INTEGER,
                removed_at INTEGER,
                summary TEXT
            )""",
            "CREATE UNIQUE INDEX one_open_embedding_per_recipe ON embeddings(collection_id, fingerprint) "
            "WHERE removed_at IS NULL",
        ),
    ),
    Migration(
        "0003_trees_and_choices",
        (
            """CREATE TABLE trees (
                id TEXT PRIMARY KEY,
                embedding_id TEXT NOT NULL,
                recipe TEXT NOT NULL,
                -- what the embedding and its collection were like: a later scan makes another tree
                state TEXT NOT NULL,
                summary TEXT NOT NULL,
                created_at INTEGER NOT NULL,
                UNIQUE (embedding_id, recipe)
            )""",
            """CREATE TABLE evidence (
                embedding_id TEXT PRIMARY KEY,
                state TEXT NOT NULL,
                refined INTEGER NOT NULL,
                evidence TEXT NOT NULL
            )""",
            # What somebody decided stays, whatever becomes of the tree it was decided on.
            """CREATE TABLE choices (
                number INTEGER PRIMARY KEY AUTOINCREMENT,
                collection_id TEXT NOT NULL REFERENCES collections(id),
                embedding_id TEXT NOT NULL,
                tree_id TEXT,
                k INTEGER NOT NULL,
                edits TEXT NOT NULL,
                facts TEXT NOT NULL,
                author TEXT NOT NULL,
                created_at INTEGER NOT NULL
            )""",
        ),
    ),
    Migration(
        "0004_clusterings",
        (
            # Names will hang on them, so they outlive their embedding, and a removed one can come back.
            """CREATE TABLE clusterings (
                number INTEGER PRIMARY KEY AUTOINCREMENT,
                id TEXT NOT NULL UNIQUE,
                collection_id TEXT NOT NULL REFERENCES collections(id),
                embedding_id TEXT NOT NULL,
                fingerprint TEXT NOT NULL,
                recipe TEXT NOT NULL,
                summary TEXT NOT NULL,
                author TEXT NOT NULL,
                created_at INTEGER NOT NULL,
                removed_at INTEGER
            )""",
            "CREATE INDEX clusterings_by_fingerprint ON clusterings(collection_id, fingerprint)",
        ),
    ),
)

JOBS = (
    Migration(
        "0001_jobs",
        (
            """CREATE TABLE jobs (
                number INTEGER PRIMARY KEY AUTOINCREMENT,
                id TEXT NOT NULL UNIQUE,
                kind TEXT NOT NULL,
                key TEXT NOT NULL,
                collection_id TEXT,
                params TEXT NOT NULL,
                state TEXT NOT NULL
                    CHECK (state IN ('queued', 'running', 'paused', 'done', 'failed', 'cancelled')),
                created_at REAL NOT NULL,
                started_at REAL,
                heartbeat_at REAL,
                finished_at REAL,
                worker TEXT,
                deaths INTEGER NOT NULL DEFAULT 0,
                cancel_requested INTEGER NOT NULL DEFAULT 0,
                done INTEGER NOT NULL DEFAULT 0,
                furthest INTEGER NOT NULL DEFAULT 0,
                total INTEGER,
                rate REAL,
                message TEXT NOT NULL DEFAULT '',
                reason TEXT,
                error TEXT,
                result TEXT
            )""",
            "CREATE UNIQUE INDEX one_active_job_per_key ON jobs(key) WHERE state IN ('queued', 'running', 'paused')",
            "CREATE INDEX jobs_by_state ON jobs(state)",
        ),
    ),
    Migration(
        "0002_quick_jobs_and_details",
        (
            # what a job shows of itself beside numbers, as JSON
            "ALTER TABLE jobs ADD COLUMN detail TEXT",
            # an answer somebody waits for: it does not queue behind long work, and no list shows it
            "ALTER TABLE jobs ADD COLUMN quick INTEGER NOT NULL DEFAULT 0",
        ),
    ),
)

LABEL_COLUMNS = ("id", "uuid", "clustering_id", "target", "kind", "value", "author", "base", "at")
"""What an event is, in this order."""

LABELS = (
    Migration(
        "0001_events",
        (
            # What people said and did, one row for each change by one of them. Rows are only ever added.
            """CREATE TABLE label_events (
                id INTEGER PRIMARY KEY AUTOINCREMENT,
                -- made by whoever asks, so that asking again after a lost answer changes nothing
                uuid TEXT NOT NULL UNIQUE,
                clustering_id TEXT NOT NULL,
                -- what it is about, like "cluster 7"; empty where nobody else's change can stand in its way
                target TEXT NOT NULL,
                kind TEXT NOT NULL,
                value TEXT NOT NULL,
                author TEXT NOT NULL,
                -- the newest event about the target that its author knew of; 0 for none
                base INTEGER NOT NULL,
                at INTEGER NOT NULL
            )""",
            "CREATE INDEX events_by_target ON label_events(clustering_id, target, id)",
        ),
    ),
    Migration(
        "0002_newest_events",
        # Every open page asks for the newest event of its clustering, again and again.
        ("CREATE INDEX events_by_clustering ON label_events(clustering_id, id)",),
    ),
)
