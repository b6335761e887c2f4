// Ids of queries and documents are of type `Identifier`, so applications need only this import.
@_exported import TextBytes
