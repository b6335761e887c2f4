-- The vectors of one place.

CREATE TABLE {schema}.vector_{id}_{generation}_p{place} PARTITION OF {schema}.vector_{id}_{generation} (
    PRIMARY KEY (place, passage)
) FOR VALUES IN ({place});
