import JSON
import Storage

extension SearchSettings {
    /// The settings as the collection's record keeps them.
    var recordText: String { JSONValue.object(json).jsonText }
}

extension DocumentCollection {
    /// How the collection is searched; `nil` if nothing was set.
    ///
    /// - Throws: ``DatabaseError``, `damaged` if what was set cannot be read.
    public var searchSettings: SearchSettings? {
        get throws { try rethrowing { try searchSettings(of: try requireRecord()) } }
    }

    func searchSettings(of record: CollectionRecord) throws -> SearchSettings? {
        guard let text = record.searchSettings else { return nil }
        guard let object = (try? JSONValue(parsing: text))?.objectValue,
            let settings = SearchSettings(json: object)
        else {
            throw DatabaseError.damaged(
                path: database.path, reason: "the search settings of collection '\(name)'")
        }
        return settings
    }

    /// Sets how the collection is searched from the next query on, in all processes; `nil` searches
    /// it as the program does by itself. Nothing is encoded or indexed again.
    ///
    /// - Throws: ``DatabaseError``: `outOfRange` for a value that cannot be, `readOnly`.
    public func setSearchSettings(_ settings: SearchSettings?) throws {
        if let (parameter, value, allowed) = settings?.firstOutOfRange {
            throw DatabaseError.outOfRange(
                parameter: parameter, value: "\(value)", allowed: allowed)
        }
        try rethrowing {
            _ = try store.updateSearchSettings(
                settings?.recordText, of: try requireRecord())
        }
    }
}
