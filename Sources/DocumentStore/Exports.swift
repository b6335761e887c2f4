// The records and errors of the interface.
@_exported import Storage
