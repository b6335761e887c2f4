-- What a user needs who may not make the schema.

GRANT USAGE, CREATE ON SCHEMA {schema} TO {user};
