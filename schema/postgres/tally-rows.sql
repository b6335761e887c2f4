-- The counts of one place of a collection.

INSERT INTO {schema}.tally (collection, place, slot) SELECT {id}, {place}, slot FROM generate_series(0, 15) AS slot;
