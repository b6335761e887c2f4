-- One place of a collection that is on another server, where its tables have the same names. {far} is its
-- schema there, as a literal.

CREATE FOREIGN TABLE {schema}.document_{id}_p{place} PARTITION OF {schema}.document_{id} FOR VALUES IN ({place})
    SERVER {server} OPTIONS (schema_name {far}, table_name 'document_{id}_p{place}');

CREATE FOREIGN TABLE {schema}.passage_{id}_p{place} PARTITION OF {schema}.passage_{id} FOR VALUES IN ({place})
    SERVER {server} OPTIONS (schema_name {far}, table_name 'passage_{id}_p{place}');

CREATE FOREIGN TABLE {schema}.posting_{id}_p{place} PARTITION OF {schema}.posting_{id} FOR VALUES IN ({place})
    SERVER {server} OPTIONS (schema_name {far}, table_name 'posting_{id}_p{place}');

CREATE FOREIGN TABLE {schema}.gone_{id}_p{place} PARTITION OF {schema}.gone_{id} FOR VALUES IN ({place})
    SERVER {server} OPTIONS (schema_name {far}, table_name 'gone_{id}_p{place}');
