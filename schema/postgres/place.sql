-- One place of a collection, with the keys: the whole cannot have any if a place is on another server.

CREATE TABLE {schema}.document_{id}_p{place} PARTITION OF {schema}.document_{id} (
    PRIMARY KEY (place, key),
    UNIQUE (place, id)
) FOR VALUES IN ({place});

CREATE INDEX document_{id}_p{place}_metadata ON {schema}.document_{id}_p{place}
    USING gin (metadata jsonb_path_ops);

CREATE TABLE {schema}.passage_{id}_p{place} PARTITION OF {schema}.passage_{id} (
    PRIMARY KEY (place, key),
    UNIQUE (place, document, ordinal)
) FOR VALUES IN ({place});

-- The text is compressed before it comes.
ALTER TABLE {schema}.passage_{id}_p{place} ALTER COLUMN text SET STORAGE EXTERNAL;

CREATE TABLE {schema}.posting_{id}_p{place} PARTITION OF {schema}.posting_{id} (
    PRIMARY KEY (place, term, block)
) FOR VALUES IN ({place});

CREATE TABLE {schema}.gone_{id}_p{place} PARTITION OF {schema}.gone_{id} (
    PRIMARY KEY (place, term, block)
) FOR VALUES IN ({place});

-- So are postings.
ALTER TABLE {schema}.posting_{id}_p{place} ALTER COLUMN bytes SET STORAGE EXTERNAL;

ALTER TABLE {schema}.gone_{id}_p{place} ALTER COLUMN bytes SET STORAGE EXTERNAL;
