-- Format 4: no full text in the database. The words are in the lexical index beside it, which is made
-- from the passages. Run for each table full_text_N and full_text_term_N; {table} is its name.

DROP TABLE {table};
