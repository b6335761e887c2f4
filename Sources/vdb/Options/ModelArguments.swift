import ArgumentParser
import AutoRegEmbed
import DefaultModel
import Encoder
import Foundation
import ModelHub
import Synchronization
import VectorDatabase

/// The model that encodes texts.
struct ModelArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            """
            A model: a Hugging Face folder, a .gguf file, the name of a model in the store, \
            hf:OWNER/REPO, ollama:NAME or built-in (default: the collection's, else the built-in \
            model).
            """,
            valueName: "model"), completion: .file())
    var model: String?

    @Option(
        help: ArgumentHelp(
            "The folder of an adapter's base model (default: the one that the adapter names).",
            valueName: "dir"), completion: .directory)
    var base: String?

    @Option(
        help: """
            The precision of matrix products: float32 or bfloat16 (default: the type of the model's \
            weights; int8 for quantized weights; float32 for the built-in model).
            """)
    var precision: ComputePrecision?

    @Option(
        help: """
            The vector: the mean of the states at the compressed tokens (compressed), the state at \
            the last or first token (last, cls), or the mean of all states (mean) (default: the \
            collection's, else the model's).
            """)
    var pooling: Pooling?

    @Option(
        help: ArgumentHelp(
            "The most tokens of a text (default: the collection's, else the model's).",
            valueName: "n"))
    var maxLength: Int?

    func validate() throws {
        try require(maxLength, in: NumberLimits.tokens, "--max-length")
    }

    /// - Parameter isForVectors: whether a model that has not been trained to embed is remarked on.
    /// - Throws: if `--model` does not name a usable model.
    func finder(
        threads: Int?, prompts: PromptArguments? = nil, isForVectors: Bool = true
    ) throws -> ModelFinder {
        var finder = ModelFinder(options: options(threads: threads, prompts: prompts))
        if let model {
            finder.given = try ModelFinder.load(
                model, finder.options, isForVectors: isForVectors)
        }
        return finder
    }

    /// The same for a program that must answer at once: the model is only located now, and loaded
    /// when it is first needed.
    ///
    /// - Throws: if there is no model where `--model` says.
    func laterFinder(
        threads: Int?
    ) throws -> @Sendable (EmbedderIdentity?) throws -> (any Embedder)? {
        let options = options(threads: threads)
        guard let model else { return ModelFinder(options: options).find }
        try ModelFinder.check(model)
        let loaded = Mutex<(any ModelEmbedder)?>(nil)
        return { _ in
            try loaded.withLock { loaded in
                let embedder = try loaded ?? ModelFinder.load(model, options)
                loaded = embedder
                return embedder
            }
        }
    }

    /// What the arguments override of a model's own settings.
    func options(threads: Int?, prompts: PromptArguments? = nil) -> AutoRegEmbedder.Options {
        var options = AutoRegEmbedder.Options()
        options.base = base.map { URL(fileURLWithPath: $0) }
        options.precision = precision
        options.pooling = pooling
        options.maximumLength = maxLength
        options.threads = threads
        options.instructions = prompts?.instructions ?? [:]
        return options
    }
}

extension Pooling: ExpressibleByArgument {}

extension ComputePrecision: ExpressibleByArgument {}

/// Finds the model of a collection.
///
/// With `--model` it is that model, whatever the collection records; the library rejects it if the
/// fingerprints differ. Otherwise it is the folder that the collection records, or the built-in
/// model if it records none.
struct ModelFinder: Sendable {
    /// The name of the built-in model in `--model`, unless a folder has that name.
    static let builtInName = "built-in"

    /// The model of `--model`.
    var given: (any ModelEmbedder)?
    /// Overrides of the recorded settings.
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

    private static func isBuiltIn(_ given: String) -> Bool {
        given == builtInName && !FileManager.default.fileExists(atPath: given)
    }

    /// Opens the model of `--teacher`: a folder, a file or the name of a model in the store.
    static func teacherOpener(
        threads: Int?
    ) -> @Sendable (_ model: String) throws -> any ModelEmbedder {
        { model in
            var options = AutoRegEmbedder.Options()
            options.threads = threads
            return try open(try locate(model), options)
        }
    }

    /// Checks that there is a model of that path or name, without opening it.
    static func check(_ given: String) throws { if !isBuiltIn(given) { _ = try locate(given) } }

    /// The model of that path or name.
    static func load(
        _ given: String, _ options: AutoRegEmbedder.Options, isForVectors: Bool = true
    ) throws -> any ModelEmbedder {
        if isBuiltIn(given) { return try DefaultModel.embedder(options: options) }
        let location = try locate(given)
        var options = options
        options.source = given
        let embedder = try open(location, options)
        guard isForVectors else { return embedder }
        switch embedder {
        case let model as AutoRegEmbedder where model.isUntrained:
            Messages.line(
                "\(given): has no compressed tokens, so the state at the last token is the vector; "
                    + "'vdb train compress' adds them")
        case let model as EncoderEmbedder where model.usesMeanByDefault:
            Messages.line(
                "\(given): is an encoder without modules.json, so the mean of its states is the "
                    + "vector; --pooling cls takes the first instead")
        default: break
        }
        return embedder
    }

    /// Finds the base of an adapter that gives it as an id on the hub: in the store, or in Hugging
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

    /// The folder or GGUF file that a path or name refers to.
    static func locate(_ given: String) throws -> URL {
        let location = try ModelLocator().locate(given)
        if let hidden = location.hidden {
            Messages.line(
                "\(given): using the path of this name, not the model in the store "
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
                "\(given): has neither config.json nor a .gguf file; pass a model's folder or file")
        }
        return url
    }
}
