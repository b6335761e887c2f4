-- The values of one metadata field in one place, for filters that compare them: numbers, with true as 1 and false
-- as 0, and the first 200 characters of texts. A document whose field is an array has the greatest key, since only
-- its elements tell whether it matches: it is a candidate of every comparison.

CREATE INDEX {concurrently} {index}_number ON {schema}.document_{id}_p{place} ({number});

CREATE INDEX {concurrently} {index}_text ON {schema}.document_{id}_p{place} ({text});
