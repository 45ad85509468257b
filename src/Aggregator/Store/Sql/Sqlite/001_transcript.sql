-- One row a leaf of the log. idx starts at 0 and has no gaps.
CREATE TABLE entries (
    idx INTEGER PRIMARY KEY,
    round_id BLOB NOT NULL,
    leaf BLOB NOT NULL,
    leaf_hash BLOB NOT NULL
) STRICT;
CREATE INDEX entries_by_round ON entries (round_id, idx);

-- The signed head over all rows of entries; written in the transaction that adds them.
CREATE TABLE head (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    size INTEGER NOT NULL,
    root BLOB NOT NULL,
    note TEXT NOT NULL
) STRICT;

-- Heads that were shown to parties, and what the parties signed under them.
CREATE TABLE checkpoints (
    size INTEGER PRIMARY KEY,
    root BLOB NOT NULL,
    note TEXT NOT NULL
) STRICT;
CREATE TABLE cosignatures (
    size INTEGER NOT NULL,
    party INTEGER NOT NULL,
    signature BLOB NOT NULL,
    PRIMARY KEY (size, party)
) STRICT;

-- Finished rounds as they are shown; derived from entries, and made again from them when a row is missing.
CREATE TABLE views (
    round_id BLOB PRIMARY KEY,
    view BLOB NOT NULL
) STRICT;
