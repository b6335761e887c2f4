-- YugabyteDB 2025.2 or later, on paper: nobody has run this. Tables have partitions as in PostgreSQL, and the first
-- column of a key is hashed, so that a place is in one tablet. Its graphs are of vectors, not of halves.

--- graph

CREATE INDEX IF NOT EXISTS {graph} ON {schema}.vector_{id}_{generation}_p{place}
    USING ybhnsw (value vector_{operators}) WITH (m = {m}, ef_construction = {ef_construction});
