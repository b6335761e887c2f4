import Embedding
import Foundation
import Tensors

/// Opens the model that a database records, from its recorded folder and with its recorded
/// settings.
///
/// ```swift
/// var options = DatabaseOptions()
/// options.findEmbedder = RecordedModelFinder().find
/// let database = try Database(path: "notes.vdb", options: options)
/// ```
///
/// `DefaultModel.finder` also finds the built-in model.
public struct RecordedModelFinder: Sendable {
    /// Loads a built-in model, which needs no folder. It is used for a collection that records no
    /// model, and for one whose recorded folder is missing if the fingerprints are equal. `nil` if
    /// there is no built-in model.
    public var builtIn: (@Sendable (AutoRegEmbedder.Options) throws -> AutoRegEmbedder)?

    /// Opens a model's folder or file. Language models, if nothing else is set: the module `Encoder` has a
    /// function that opens encoders, too.
    public var open: @Sendable (URL, AutoRegEmbedder.Options) throws -> any ModelEmbedder = {
        try AutoRegEmbedder(folder: $0, options: $1)
    }

    /// Finds a model whose recorded folder is missing by what the user called it, which a collection
    /// records as well; nil, or a nil result, means that it is not found so.
    public var locate: (@Sendable (_ source: String) -> URL?)?

    /// Overrides of the recorded settings.
    public var options = AutoRegEmbedder.Options()

    /// A finder without a built-in model that uses the recorded settings.
    public init() {}

    /// Opens the recorded model.
    ///
    /// - Parameter recorded: `nil` for a collection that records no model.
    /// - Returns: `nil` if the recorded model has no folder and is not the built-in model.
    /// - Throws: `EmbedderUnavailable` if there is a model but it cannot be loaded.
    @Sendable public func find(_ recorded: EmbedderIdentity?) throws -> (any Embedder)? {
        let options = options(for: recorded)
        guard let recorded else { return try loadBuiltIn(options) }
        let isThere = recorded.path.map { FileManager.default.fileExists(atPath: $0) } ?? false
        if !isThere, let moved = moved(recorded, options) { return moved }
        if let path = recorded.path, builtIn == nil || isThere {
            return try loading(path) {
                try open(URL(fileURLWithPath: path), options)
            }
        }
        // The recorded folder is missing; it may have been a copy of the built-in model. An older
        // built-in model has another fingerprint.
        guard let embedder = try loadBuiltIn(options) else { return nil }
        return embedder.fingerprint == recorded.fingerprint ? embedder : nil
    }

    /// The recorded settings, overridden by this finder's own options.
    public func options(for recorded: EmbedderIdentity?) -> AutoRegEmbedder.Options {
        let settings = AutoRegEmbedder.Options(recorded: recorded?.settings ?? [:])
        var result = options
        result.source = options.source ?? settings.source
        result.base = options.base ?? settings.base
        result.precision = options.precision ?? settings.precision
        result.pooling = options.pooling ?? settings.pooling
        result.maximumLength = options.maximumLength ?? settings.maximumLength
        result.instructions.merge(settings.instructions) { given, _ in given }
        return result
    }

    /// The recorded model in another place. Its fingerprint shows whether it is that model.
    private func moved(
        _ recorded: EmbedderIdentity, _ options: AutoRegEmbedder.Options
    ) -> (any Embedder)? {
        guard let source = options.source, let folder = locate?(source),
            let embedder = try? open(folder, options),
            embedder.modelFingerprint == recorded.fingerprint
        else { return nil }
        return embedder
    }

    private func loadBuiltIn(_ options: AutoRegEmbedder.Options) throws -> AutoRegEmbedder? {
        guard let builtIn else { return nil }
        return try loading("the built-in model") { try builtIn(options) }
    }

    private func loading<Model>(_ path: String, _ load: () throws -> Model) throws -> Model {
        do { return try load() } catch {
            throw EmbedderUnavailable(path: path, underlying: error)
        }
    }
}
