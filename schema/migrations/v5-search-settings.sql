-- Format 5: how a collection is searched, where that was fitted to judgments. Null: as the program does
-- by itself.

ALTER TABLE collection ADD COLUMN search_settings TEXT
    CHECK (search_settings IS NULL OR json_valid(search_settings));
