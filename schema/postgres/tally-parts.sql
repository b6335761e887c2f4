-- The counts of places that are on the database's own server.

CREATE TABLE {schema}.tally_here PARTITION OF {schema}.tally (PRIMARY KEY (collection, place, slot)) DEFAULT;
