import ArgumentParser
import AutoRegEmbed
import DefaultModel
import Encoder
import Foundation
import ModelHub
import VectorDatabase

/// Which model encodes.
struct ModelArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            """
            A model: a Hugging Face folder, a .gguf file, a name in the store of models, \
            hf:OWNER/REPO, ollama:NAME or built-in (default: the collection's, else the built-in \
            model).
            """,
            valueName: "model"))
    var model: String?

    @Option(
        help: ArgumentHelp(
            "The base model's folder of an adapter that names none here, such as one on the hub.",
            valueName: "dir"))
    var base: String?

    @Option(
        help: """
            What the model computes in (default: what its weights are stored as, quantised blocks \
            as they lie; the built-in model: float32).
            """)
    var precision: ComputePrecision?

    @Option(
        help: """
            What becomes the vector: the mean of the states at the compressed tokens, the state at \
            the last token, or the mean of all states (default: the collection's, else the model's).
            """)
    var pooling: Pooling?

    /// - Throws: if `--model` names no usable model.
    func finder(threads: Int?, prompts: PromptArguments? = nil) throws -> ModelFinder {
        var options = AutoRegEmbedder.Options()
        options.base = base.map { URL(fileURLWithPath: $0) }
        options.precision = precision
        options.pooling = pooling
        options.threads = threads
        options.instructions = prompts?.instructions ?? [:]
        var finder = ModelFinder(options: options)
        if let model { finder.given = try ModelFinder.load(model, options) }
        return finder
    }
}

extension Pooling: ExpressibleByArgument {}

extension ComputePrecision: ExpressibleByArgument {}

/// Finds the model that a collection's texts are encoded with.
///
/// With `--model` it is that one, whatever the collection records: the library refuses it where the
/// fingerprints differ. Else it is the folder that the collection records, or, where it records none
/// or nothing is recorded yet, the built-in model.
struct ModelFinder: Sendable {
    /// What `--model` calls the model that the program carries, unless a folder has that name.
    static let builtInName = "built-in"

    /// The model of `--model`.
    var given: (any ModelEmbedder)?
    /// In place of what is recorded.
    var options = AutoRegEmbedder.Options()

    @Sendable func find(_ recorded: EmbedderIdentity?) throws -> (any Embedder)? {
        if let given { return given }
        return try finder.find(recorded)
    }

    /// The model that `--model` names, else the built-in one.
    func load() throws -> any ModelEmbedder {
        try given ?? DefaultModel.embedder(options: finder.options(for: nil))
    }

    /// The same for a command that only a language model can do.
    ///
    /// - Parameter use: "decoding", as a message begins.
    func loadLanguageModel(for use: String) throws -> AutoRegEmbedder {
        let model = try load()
        guard let languageModel = model as? AutoRegEmbedder else {
            throw CommandFailure(
                .badData,
                "\(model.identity.name): is an encoder, and \(use) needs a decoder-only language "
                    + "model, such as the built-in one")
        }
        return languageModel
    }

    fileprivate var finder: RecordedModelFinder {
        var finder = DefaultModel.finder
        finder.options = options
        finder.options.findBase = Self.findBase
        finder.locate = { try? ModelLocator().locate($0).url }
        return finder
    }

    /// The model of that path or name.
    static func load(
        _ given: String, _ options: AutoRegEmbedder.Options
    ) throws -> any ModelEmbedder {
        if given == builtInName, !FileManager.default.fileExists(atPath: given) {
            return try DefaultModel.embedder(options: options)
        }
        let location = try locate(given)
        var options = options
        options.source = given
        let embedder = try open(location, options)
        switch embedder {
        case let model as AutoRegEmbedder where model.isUntrained:
            Messages.line(
                "\(given): has no compressed tokens, so the state at the last token is the vector; "
                    + "'vdb train compress' trains some")
        case let model as EncoderEmbedder where model.usesMeanByDefault:
            Messages.line(
                "\(given): is an encoder without modules.json, so the mean of its states is the "
                    + "vector; --pooling cls takes the first instead")
        default: break
        }
        return embedder
    }

    /// The base of an adapter that names it by an id on the hub: from the store, or from Hugging
    /// Face's cache.
    static let findBase: @Sendable (String) -> URL? = { ModelLocator().model(ofRepository: $0) }

    /// The model in a folder or GGUF file.
    static func open(
        _ location: URL, _ options: AutoRegEmbedder.Options = AutoRegEmbedder.Options()
    ) throws -> any ModelEmbedder {
        var options = options
        options.findBase = findBase
        return try ModelFolder.open(location, options: options)
    }

    /// The folder or GGUF file that a path or name stands for.
    static func locate(_ given: String) throws -> URL {
        let location = try ModelLocator().locate(given)
        if let hidden = location.hidden {
            Messages.line(
                "\(given) is taken from this folder, not from the store of models "
                    + "(\(hidden.path))")
        }
        let url = location.url
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder),
            isFolder.boolValue
        else { return url }
        let files = ["config.json", "adapter_config.json", "modules.json"]
        guard
            files.contains(where: {
                FileManager.default.fileExists(atPath: url.appendingPathComponent($0).path)
            })
        else {
            throw CommandFailure(
                .missing,
                "\(given): has no config.json and no .gguf file; name a model's folder or file")
        }
        return url
    }
}
