-- Another server that holds places. {options} and {user} are lists of quoted settings; {server} is its name,
-- quoted.

CREATE EXTENSION IF NOT EXISTS postgres_fdw;

CREATE SERVER {server} FOREIGN DATA WRAPPER postgres_fdw OPTIONS ({options});

CREATE USER MAPPING FOR CURRENT_USER SERVER {server} OPTIONS ({user});
