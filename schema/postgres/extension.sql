-- pgvector, the type of vectors and their graphs.

CREATE EXTENSION IF NOT EXISTS vector;
