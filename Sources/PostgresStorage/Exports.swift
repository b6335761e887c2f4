// An application needs the database, too.
@_exported import VectorDatabase
