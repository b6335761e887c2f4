-- The graph of one place, over halves of the vectors' bytes.

CREATE INDEX CONCURRENTLY IF NOT EXISTS {graph} ON {schema}.vector_{id}_{generation}_p{place}
    USING hnsw ((value::halfvec({dimensions})) halfvec_{operators}) WITH (m = {m}, ef_construction = {ef_construction});
