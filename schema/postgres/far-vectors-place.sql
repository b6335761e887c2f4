-- The vectors of one place that is on another server.

CREATE FOREIGN TABLE {schema}.vector_{id}_{generation}_p{place}
    PARTITION OF {schema}.vector_{id}_{generation} FOR VALUES IN ({place})
    SERVER {server} OPTIONS (schema_name {far}, table_name 'vector_{id}_{generation}_p{place}');
