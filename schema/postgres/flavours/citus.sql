-- Citus 13 or later, on paper: nobody has run this. The tables are distributed by place over 64 shards, and a
-- collection's place numbers are chosen so that each falls into a shard of its own, where one transaction finds
-- all that it writes. What all places share is on every server.

--- database

ALTER TABLE {schema}.tally ADD PRIMARY KEY (collection, place, slot);

SELECT create_reference_table('{schema}.collection');

SELECT create_reference_table('{schema}.work');

SELECT create_distributed_table('{schema}.tally', 'place', colocate_with => 'none', shard_count => 64);

--- collection

ALTER TABLE {schema}.document_{id} ADD PRIMARY KEY (place, key);

ALTER TABLE {schema}.document_{id} ADD UNIQUE (place, id);

CREATE INDEX document_{id}_metadata ON {schema}.document_{id} USING gin (metadata jsonb_path_ops);

ALTER TABLE {schema}.passage_{id} ADD PRIMARY KEY (place, key);

ALTER TABLE {schema}.passage_{id} ADD UNIQUE (place, document, ordinal);

ALTER TABLE {schema}.passage_{id} ALTER COLUMN text SET STORAGE EXTERNAL;

ALTER TABLE {schema}.posting_{id} ADD PRIMARY KEY (place, term, block);

ALTER TABLE {schema}.posting_{id} ALTER COLUMN bytes SET STORAGE EXTERNAL;

ALTER TABLE {schema}.gone_{id} ADD PRIMARY KEY (place, term, block);

ALTER TABLE {schema}.gone_{id} ALTER COLUMN bytes SET STORAGE EXTERNAL;

SELECT create_distributed_table('{schema}.document_{id}', 'place', colocate_with => '{schema}.tally');

SELECT create_distributed_table('{schema}.passage_{id}', 'place', colocate_with => '{schema}.tally');

SELECT create_distributed_table('{schema}.posting_{id}', 'place', colocate_with => '{schema}.tally');

SELECT create_distributed_table('{schema}.gone_{id}', 'place', colocate_with => '{schema}.tally');

--- vectors

ALTER TABLE {schema}.vector_{id}_{generation} ADD PRIMARY KEY (place, passage);

SELECT create_distributed_table('{schema}.vector_{id}_{generation}', 'place', colocate_with => '{schema}.tally');

--- graph

CREATE INDEX CONCURRENTLY IF NOT EXISTS {graph} ON {schema}.vector_{id}_{generation}
    USING hnsw ((value::halfvec({dimensions})) halfvec_{operators}) WITH (m = {m}, ef_construction = {ef_construction});
