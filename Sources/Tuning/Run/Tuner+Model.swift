import AutoRegEmbed
import Evaluation
import FileFormat
import Foundation
import Synchronization
import TextBytes
import Training
import VectorDatabase

/// The models and databases that a tuning run opens.
extension Tuner {
    /// The collection's model, if it is one that can be trained.
    var model: AutoRegEmbedder? {
        get throws { try collection.embedder as? AutoRegEmbedder }
    }

    /// The recipe for a collection's model: `small` for a language model of about a hundred million
    /// weights, else `paper`.
    ///
    /// - Throws: what opening the model throws.
    public static func recipe(for collection: DocumentCollection) throws -> TrainingRecipe {
        guard let model = try collection.embedder as? AutoRegEmbedder, model.identity.path != nil
        else { return .paper }
        return TrainingRecipe(forAdapterOf: model.configuration)
    }

    /// The model to start from, as a folder. The built-in model is written to `OUT/base`.
    func base(_ recorded: EmbedderIdentity, in folder: TuneFolder) throws -> TuneJournal.Base {
        let embedder = try collection.embedder
        guard let model = embedder as? AutoRegEmbedder else {
            throw TuneError.notTunable(
                collection: collection.name, .otherEmbedder(name: recorded.name))
        }
        guard model.method == .autoRegEmbed || options.responds else {
            throw TuneError.notTunable(
                collection: collection.name, .llm2VecGen(name: recorded.name))
        }
        guard recorded.settings["instructions"] == nil else {
            throw TuneError.notTunable(
                collection: collection.name, .otherInstructions(name: recorded.name))
        }
        let path = embedder.identity.path
        if path == nil {
            guard let builtIn else {
                throw TuneError.notTunable(
                    collection: collection.name, .noFolder(name: recorded.name))
            }
            do { try builtIn.write(to: URL(filePath: folder.base)) } catch {
                throw TrainingError.cannotWrite(path: folder.base, error)
            }
        }
        let file = model.weightsFile
        if let file {
            do { try GGUFConversion(file: file).write(to: URL(filePath: folder.base)) } catch {
                throw TrainingError.cannotWrite(path: folder.base, error)
            }
        }
        func text(_ key: String) -> String? { recorded.settings[key]?.stringValue }
        var length: Int?
        if case .integer(let value)? = recorded.settings["max_length"] { length = Int(value) }
        return TuneJournal.Base(
            name: recorded.name, fingerprint: recorded.fingerprint, width: recorded.dimensions,
            folder: path, precision: text("precision"), maximumLength: length,
            pooling: text("pooling"), base: text("base"), isConverted: file != nil,
            isAdapter: file.map { !$0.path.hasSameBytes(as: path ?? "") })
    }

    /// The collection in the run's copy.
    func openCopy(_ folder: TuneFolder, embedder: (any Embedder)?) throws -> DocumentCollection {
        var options = DatabaseOptions()
        options.access = .readWrite
        options.embedder = embedder
        options.threads = self.options.threads
        // Evaluation uses exact search, so a graph would be built for nothing.
        options.cachePolicy.smallestGraphLag = .max
        return try Database(path: folder.copy, options: options).collection(collection.name)
    }

    /// A hash of queries and judgments, independent of their order.
    var inputsFingerprint: String {
        let hasher = ContentHasher()
        for query in queries.sorted(by: { Identifier($0.id) < Identifier($1.id) }) {
            hasher.update(query.id)
            hasher.update(query.text)
        }
        for query in judgments.queries {
            hasher.update(query.text)
            for (document, grade) in judgments[query].sorted(by: { $0.key < $1.key }) {
                hasher.update(document.text)
                hasher.update("\(grade)")
            }
        }
        return hasher.finalize().hexadecimal
    }
}

extension TuneJournal.Base {
    /// Loads a model with the same precision and length as the collection's own.
    ///
    /// - Parameter pooling: nil for a stage's model, whose folder names its pooling.
    func load(_ path: String, pooling: String?, threads: Int) throws -> AutoRegEmbedder {
        var options = AutoRegEmbedder.Options()
        options.threads = threads
        // A stage's model includes its base.
        if let folder = self.folder, path.hasSameBytes(as: folder) {
            options.base = base.map { URL(filePath: $0) }
        }
        options.precision = precision.flatMap(ComputePrecision.init(rawValue:))
        options.maximumLength = maximumLength
        options.pooling = pooling.flatMap(Pooling.init(rawValue:))
        do {
            return try AutoRegEmbedder(folder: URL(filePath: path), options: options)
        } catch { throw DatabaseError.embedderUnavailable(path: path, reason: "\(error)") }
    }
}

/// A flag that one thread sets and others read.
final class CancellationFlag: Sendable {
    private let value = Atomic(false)
    var isSet: Bool { value.load(ordering: .relaxed) }
    func set() { value.store(true, ordering: .relaxed) }
}
