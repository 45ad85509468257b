-- One row a leaf of the log. idx starts at 0 and has no gaps.
CREATE TABLE entries (
    idx bigint PRIMARY KEY,
    round_id bytea NOT NULL,
    leaf bytea NOT NULL,
    leaf_hash bytea NOT NULL
);
CREATE INDEX entries_by_round ON entries (round_id, idx);

-- The signed head over all rows of entries; written in the transaction that adds them.
CREATE TABLE head (
    id integer PRIMARY KEY CHECK (id = 1),
    size bigint NOT NULL,
    root bytea NOT NULL,
    note text NOT NULL
);

-- Heads that were shown to parties, and what the parties signed under them.
CREATE TABLE checkpoints (
    size bigint PRIMARY KEY,
    root bytea NOT NULL,
    note text NOT NULL
);
CREATE TABLE cosignatures (
    size bigint NOT NULL,
    party bigint NOT NULL,
    signature bytea NOT NULL,
    PRIMARY KEY (size, party)
);

-- Finished rounds as they are shown; derived from entries, and made again from them when a row is missing.
CREATE TABLE views (
    round_id bytea PRIMARY KEY,
    view bytea NOT NULL
);

-- Masked vectors. An upload is a vector that arrives, or has arrived, in pieces; the row in vectors is its name, and is written last.
CREATE SEQUENCE uploads AS bigint;
CREATE TABLE vector_pieces (
    upload bigint NOT NULL,
    piece integer NOT NULL,
    data bytea NOT NULL,
    PRIMARY KEY (upload, piece)
);
-- Masked numbers do not compress: no time is spent on trying.
ALTER TABLE vector_pieces ALTER COLUMN data SET STORAGE EXTERNAL;
CREATE TABLE vectors (
    round_id bytea NOT NULL,
    party bigint NOT NULL,
    upload bigint NOT NULL UNIQUE,
    pieces integer NOT NULL,
    PRIMARY KEY (round_id, party)
);
