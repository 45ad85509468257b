-- A head that this outpost's own key has cosigned, and that the state does not know: it was put back from an old copy, or is new.
CREATE TABLE behind (
  only INTEGER PRIMARY KEY CHECK (only = 1),
  size INTEGER NOT NULL,
  root BLOB    NOT NULL CHECK (length(root) = 32)
) STRICT;
