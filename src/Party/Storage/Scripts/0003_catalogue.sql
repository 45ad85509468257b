CREATE TABLE dataset_version (
  dataset      TEXT    NOT NULL,
  number       INTEGER NOT NULL CHECK (number > 0),
  hash         BLOB    NOT NULL CHECK (length(hash) = 32),
  rounded_rows INTEGER NOT NULL CHECK (rounded_rows >= 0),
  at_ms        INTEGER NOT NULL,
  current      INTEGER NOT NULL CHECK (current IN (0, 1)),
  PRIMARY KEY (dataset, number),
  UNIQUE (dataset, hash)
) STRICT;
CREATE UNIQUE INDEX dataset_version_current ON dataset_version (dataset) WHERE current = 1;
