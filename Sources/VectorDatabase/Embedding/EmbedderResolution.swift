import AutoRegEmbed
import Foundation

/// Finds the embedder that a collection records.
public enum EmbedderResolution {
    /// Loads the folder that the identity names, with the settings that it records; `nil` where it
    /// names none.
    ///
    /// - Throws: ``DatabaseError/embedderUnavailable(path:reason:)``
    @Sendable public static func loadRecorded(
        _ recorded: EmbedderIdentity?
    ) throws -> (any Embedder)? {
        guard let recorded, let path = recorded.path else { return nil }
        return try load(folder: path, settings: recorded.settings)
    }

    /// Loads a model's folder.
    ///
    /// - Parameter settings: what an identity records: `precision`, `pooling` and `max_length` that
    ///   differ from the folder's own.
    /// - Throws: ``DatabaseError/embedderUnavailable(path:reason:)``
    public static func load(
        folder path: String, settings: [String: JSONValue] = [:]
    ) throws -> any Embedder {
        var options = AutoRegEmbedder.Options()
        options.precision = settings["precision"]?.stringValue.flatMap(
            ComputePrecision.init(rawValue:))
        options.pooling = settings["pooling"]?.stringValue.flatMap(Pooling.init(rawValue:))
        if case .integer(let length)? = settings["max_length"] {
            options.maximumLength = Int(length)
        }
        do {
            return try AutoRegEmbedder(folder: URL(fileURLWithPath: path), options: options)
        } catch {
            throw DatabaseError.embedderUnavailable(path: path, reason: "\(error)")
        }
    }
}
