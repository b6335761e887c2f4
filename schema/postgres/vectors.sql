-- The vectors of one model; {generation} counts the models that a collection has had.

CREATE TABLE {schema}.vector_{id}_{generation} (
    place    int4   NOT NULL,
    passage  bigint  NOT NULL,
    document bigint  NOT NULL,
    value    vector({dimensions}) NOT NULL
){partitioned};
