-- The schema of a database's tables.

CREATE SCHEMA IF NOT EXISTS {schema};
