-- The vectors of one place.

CREATE TABLE {schema}.vector_{id}_{generation}_p{place} PARTITION OF {schema}.vector_{id}_{generation} FOR VALUES IN ({place});
