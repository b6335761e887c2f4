// Ids of queries and documents are identifiers: applications need no second import for them.
@_exported import TextBytes
