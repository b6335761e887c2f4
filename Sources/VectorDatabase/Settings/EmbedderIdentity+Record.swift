import JSON
import Storage

/// Conversion between identities and their records in the database.
///
/// Ready-made vectors have the fingerprint ``readyMadeFingerprint`` and no name.
extension EmbedderIdentity {
    static let readyMadeFingerprint = "ready-made vectors"

    /// `nil` for ready-made vectors and for a collection without vectors.
    init?(_ record: CollectionRecord) {
        let model = record.model
        guard model.fingerprint != Self.readyMadeFingerprint else { return nil }
        self.init(
            name: model.name, fingerprint: model.fingerprint, dimensions: record.dimensions,
            path: model.path, settings: Self.parse(settings: model.settings))
    }

    var asRecord: CollectionRecord.ModelRecord {
        CollectionRecord.ModelRecord(
            name: name, fingerprint: fingerprint, path: path,
            settings: JSONValue.object(settings).jsonText)
    }

    static var readyMadeRecord: CollectionRecord.ModelRecord {
        CollectionRecord.ModelRecord(name: "", fingerprint: readyMadeFingerprint)
    }

    private static func parse(settings: String) -> JSONObject {
        (try? JSONValue(parsing: settings))?.objectValue ?? [:]
    }
}
