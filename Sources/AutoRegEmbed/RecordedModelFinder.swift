import Embedding
import Foundation
import Tensors

/// Opens the model that a database records, from the folder that it was loaded from and with the
/// settings that it had.
///
/// ```swift
/// var options = DatabaseOptions()
/// options.findEmbedder = RecordedModelFinder().find
/// let database = try Database(path: "notes.vdb", options: options)
/// ```
///
/// `DefaultModel.finder` also finds the built-in model.
public struct RecordedModelFinder: Sendable {
    /// A model that needs no folder. It is used for a collection that records no model, and for one
    /// whose recorded folder is missing, if the fingerprints are equal. `nil`: there is none.
    public var builtIn: (@Sendable (AutoRegEmbedder.Options) throws -> AutoRegEmbedder)?

    /// What is set here is used in place of what is recorded.
    public var options = AutoRegEmbedder.Options()

    public init() {}

    /// - Parameter recorded: `nil` for a collection that records no model.
    /// - Returns: `nil` if what is recorded cannot be found: it has no folder and is not the built-in
    ///   model.
    /// - Throws: `EmbedderUnavailable` if there is a model but it cannot be loaded.
    @Sendable public func find(_ recorded: EmbedderIdentity?) throws -> (any Embedder)? {
        let options = options(for: recorded)
        guard let recorded else { return try loadBuiltIn(options) }
        if let path = recorded.path, builtIn == nil || FileManager.default.fileExists(atPath: path)
        {
            return try loading(path) {
                try AutoRegEmbedder(folder: URL(fileURLWithPath: path), options: options)
            }
        }
        // A copy of the built-in model, perhaps, in a folder that has gone. An older built-in model
        // has another fingerprint.
        guard let embedder = try loadBuiltIn(options) else { return nil }
        return embedder.fingerprint == recorded.fingerprint ? embedder : nil
    }

    /// What the recorded settings and this finder's own options say.
    public func options(for recorded: EmbedderIdentity?) -> AutoRegEmbedder.Options {
        let settings = AutoRegEmbedder.Options(recorded: recorded?.settings ?? [:])
        var result = options
        result.base = options.base ?? settings.base
        result.precision = options.precision ?? settings.precision
        result.pooling = options.pooling ?? settings.pooling
        result.maximumLength = options.maximumLength ?? settings.maximumLength
        result.instructions.merge(settings.instructions) { given, _ in given }
        return result
    }

    private func loadBuiltIn(_ options: AutoRegEmbedder.Options) throws -> AutoRegEmbedder? {
        guard let builtIn else { return nil }
        return try loading("the built-in model") { try builtIn(options) }
    }

    private func loading(
        _ path: String, _ load: () throws -> AutoRegEmbedder
    ) throws -> AutoRegEmbedder {
        do { return try load() } catch {
            throw EmbedderUnavailable(path: path, underlying: error)
        }
    }
}
