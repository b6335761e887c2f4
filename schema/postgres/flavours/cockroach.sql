-- CockroachDB 25.2 or later, on paper: nobody has run this. It has vectors without an extension, and divides
-- tables by itself. An index of vectors has a tree for each place, which a query of that place alone can use;
-- `feature.vector_index.enabled` must be on. Keys are added to tables that have none yet, which it allows once.

--- database

ALTER TABLE {schema}.tally ADD PRIMARY KEY (collection, place, slot);

--- collection

ALTER TABLE {schema}.document_{id} ADD PRIMARY KEY (place, key);

CREATE UNIQUE INDEX document_{id}_id ON {schema}.document_{id} (place, id);

CREATE INDEX document_{id}_metadata ON {schema}.document_{id} USING gin (metadata);

ALTER TABLE {schema}.passage_{id} ADD PRIMARY KEY (place, key);

CREATE UNIQUE INDEX passage_{id}_ordinal ON {schema}.passage_{id} (place, document, ordinal);

ALTER TABLE {schema}.posting_{id} ADD PRIMARY KEY (place, term, block);

ALTER TABLE {schema}.gone_{id} ADD PRIMARY KEY (place, term, block);

--- vectors

ALTER TABLE {schema}.vector_{id}_{generation} ADD PRIMARY KEY (place, passage);

--- graph

CREATE VECTOR INDEX IF NOT EXISTS {graph} ON {schema}.vector_{id}_{generation} (place, value vector_{operators});
