import DocumentStore
import JSON

extension SearchSettings {
    /// - Throws: ``DatabaseError/outOfRange(parameter:value:allowed:)``
    func validate() throws(DatabaseError) {
        func require(
            _ number: Double?, _ name: String, _ range: ClosedRange<Double>, _ allowed: String
        ) throws(DatabaseError) {
            guard let number, !range.contains(number) else { return }
            throw .outOfRange(parameter: name, value: "\(number)", allowed: allowed)
        }
        try require(k1, "k1", 1e-3...1e3, "0.001 to 1000")
        try require(b, "b", 0...1, "0 to 1")
        try require(
            denseWeight, "dense weight", 0...Double.greatestFiniteMagnitude, "0 or more")
    }

    /// Nil if a member is missing or not what ``json`` writes.
    init?(json object: JSONObject) {
        guard let k1 = object["k1"]?.doubleValue, let b = object["b"]?.doubleValue else {
            return nil
        }
        self.init(
            k1: k1, b: b, denseWeight: object["hybrid_weight"]?.doubleValue,
            modelFingerprint: object["model"]?.stringValue)
        guard (try? validate()) != nil else { return nil }
    }
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
        try settings?.validate()
        try rethrowing {
            _ = try store.updateSearchSettings(
                settings.map { JSONValue.object($0.json).jsonText }, of: try requireRecord())
        }
    }
}
