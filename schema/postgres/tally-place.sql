-- The counts of one place, on the server that has it for another one: a foreign table must not see other places.

CREATE TABLE IF NOT EXISTS {schema}.tally_p{place} PARTITION OF {schema}.tally (
    PRIMARY KEY (collection, place, slot)
) FOR VALUES IN ({place});
