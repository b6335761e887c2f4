-- The counts of a place that is on another server; {far} is its schema there, as a literal.

CREATE FOREIGN TABLE {schema}.tally_p{place} PARTITION OF {schema}.tally FOR VALUES IN ({place})
    SERVER {server} OPTIONS (schema_name {far}, table_name 'tally_p{place}');
