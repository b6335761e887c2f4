import FileFormat
import Foundation
import Tensors
import Tokenization
import Transformer

/// The parts of a model, from a folder, a folder with an adapter and its base, a GGUF file, or
/// memory.
package struct ModelParts: Sendable {
    let name: String
    /// The model's path or name, for errors.
    let path: String
    /// The folder or GGUF file; nil for a model in memory.
    let location: URL?
    /// The configuration of the base model.
    let configuration: ModelConfiguration
    let checkpoint: Checkpoint
    let adapter: Adapter?
    /// The folder or GGUF file that the weights are in; nil for a model in memory.
    let baseFolder: URL?
    let settings: EmbedderSettings
    /// LLM2Vec-Gen's; nil for other models.
    let projections: Projections?
    /// A sentence-transformers folder's modules, which replace parts of the settings; nil for other
    /// models.
    let sentences: SentenceTransformerFolder?
    private let tokenizer: TokenizerSource

    private enum TokenizerSource {
        case files(Data, configuration: Data?)
        case metadata(GGUFMetadata)
    }

    /// Opens a folder, or a GGUF file.
    ///
    /// - Parameter readsModules: whether to read `modules.json` if there is no `autoregembed.json`.
    init(
        location: URL, base: URL?, findBase: ((String) -> URL?)? = nil, readsModules: Bool
    ) throws(AutoRegEmbedError) {
        if Self.isFile(location) {
            guard base == nil else { throw .baseWithoutAdapter(path: location.path) }
            try self.init(gguf: location.standardizedFileURL)
        } else {
            try self.init(
                folder: location.standardizedFileURL, base: base, findBase: findBase,
                readsModules: readsModules)
        }
    }

    static func isFile(_ location: URL) -> Bool {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: location.path, isDirectory: &isFolder)
            && !isFolder.boolValue
    }

    private init(gguf file: URL) throws(AutoRegEmbedError) {
        name = file.deletingPathExtension().lastPathComponent
        path = file.path
        location = file
        baseFolder = file
        adapter = nil
        sentences = nil
        projections = nil
        let model = try Self.model(gguf: file)
        (configuration, checkpoint) = (model.configuration, model.checkpoint)
        tokenizer = .metadata(model.files.metadata)
        settings = EmbedderSettings(pooling: model.pooling)
    }

    private static func model(gguf file: URL) throws(AutoRegEmbedError) -> GGUFModel {
        do { return try GGUFModel(path: file.path) } catch { throw .model(error) }
    }

    private init(
        folder: URL, base: URL?, findBase: ((String) -> URL?)?, readsModules: Bool
    ) throws(AutoRegEmbedError) {
        name = folder.lastPathComponent
        path = folder.path
        location = folder
        let ownSettings = folder.appendingPathComponent(EmbedderSettings.fileName)
        sentences =
            readsModules && !FileManager.default.fileExists(atPath: ownSettings.path)
            ? try SentenceTransformerFolder(folder: folder) : nil
        let folder = sentences?.transformer.standardizedFileURL ?? folder
        adapter = try Self.adapter(in: folder)
        let base = try Self.base(of: folder, adapter: adapter, given: base, find: findBase)
        baseFolder = base
        var metadata: GGUFMetadata?
        if Self.isFile(base) {
            let model = try Self.model(gguf: base)
            (configuration, checkpoint) = (model.configuration, model.checkpoint)
            metadata = model.files.metadata
        } else {
            do { configuration = try ModelConfiguration(folder: base) } catch {
                throw .model(error)
            }
            do { checkpoint = try Checkpoint(folder: base) } catch { throw .model(error) }
        }

        // An adapter trained by another program has no settings; its base's apply.
        var found = EmbedderSettings()
        var place = folder
        for home in [base, folder] {
            let file = home.appendingPathComponent(EmbedderSettings.fileName)
            if let json = try Self.map(file, required: false) {
                found = try EmbedderSettings(json: json.bytes, path: file.path)
                place = home
            }
        }
        if let sentences { (found.pooling, found.namesPooling) = (sentences.pooling, true) }
        settings = found
        let hiddenSize = self.configuration.hiddenSize
        projections =
            if let file = found.projections {
                try Projections(
                    path: Self.resolve(file, in: place).path, hiddenSize: hiddenSize)
            } else {
                nil
            }
        if !Self.hasTokenizer(folder), let metadata {
            tokenizer = .metadata(metadata)
            return
        }
        let (data, configuration) = try Self.tokenizerFiles(
            in: Self.hasTokenizer(folder) ? folder : base)
        tokenizer = .files(data, configuration: configuration)
    }

    static func hasTokenizer(_ folder: URL) -> Bool {
        FileManager.default.fileExists(
            atPath: folder.appendingPathComponent("tokenizer.json").path)
    }

    /// tokenizer.json, and tokenizer_config.json if it exists.
    package static func tokenizerFiles(in folder: URL) throws(AutoRegEmbedError) -> (Data, Data?) {
        let settings = folder.appendingPathComponent("tokenizer_config.json")
        return (
            try tokenizer(in: folder), try map(settings, required: false).map { Data($0.bytes) }
        )
    }

    /// The folder of the base model: the given one, else the model's own if it has weights, else
    /// the one that the adapter names.
    static func base(
        of folder: URL, adapter: Adapter?, given: URL?, find: ((String) -> URL?)? = nil
    ) throws(AutoRegEmbedError) -> URL {
        guard let adapter else {
            guard given == nil else { throw .baseWithoutAdapter(path: folder.path) }
            return folder
        }
        if let given { return given }
        if hasWeights(folder) { return folder }
        guard let recorded = adapter.base, !recorded.isEmpty else {
            throw .noBase(path: adapter.path, recorded: nil)
        }
        let base = resolve(recorded, in: folder)
        if FileManager.default.fileExists(atPath: base.path) { return base }
        guard let found = find?(recorded) else {
            throw .noBase(path: adapter.path, recorded: recorded)
        }
        return found
    }

    private static func tokenizer(in folder: URL) throws(AutoRegEmbedError) -> Data {
        let file = folder.appendingPathComponent("tokenizer.json")
        guard FileManager.default.fileExists(atPath: file.path) else {
            let vocabulary = folder.appendingPathComponent(BertVocabulary.name)
            if ModelConfiguration.isEncoder(folder),
                let words = try map(vocabulary, required: false)
            {
                let settings = folder.appendingPathComponent("tokenizer_config.json")
                do {
                    return try BertVocabulary.tokenizerJSON(
                        vocabulary: Data(words.bytes),
                        configuration: try map(settings, required: false).map { Data($0.bytes) })
                } catch let error as AutoRegEmbedError { throw error } catch {
                    throw .tokenizer(error)
                }
            }
            let others = ["tokenizer.model", "vocab.json", "vocab.txt", "spiece.model"].filter {
                FileManager.default.fileExists(atPath: folder.appendingPathComponent($0).path)
            }
            throw .noTokenizer(folder: folder.path, others: others)
        }
        do {
            _ = try MappedFile(modelFile: file.path)
            return try Data(contentsOf: file, options: .mappedIfSafe)
        } catch { throw .tokenizer(error) }
    }

    init(resource: ModelResource) throws(AutoRegEmbedError) {
        name = resource.name
        path = resource.name
        location = nil
        baseFolder = nil
        sentences = nil
        do {
            configuration = try ModelConfiguration(
                json: resource.configuration, path: "\(resource.name)/config.json")
        } catch { throw .model(error) }
        do {
            checkpoint = Checkpoint(
                file: try SafetensorsFile(
                    bytes: resource.weights, owner: nil,
                    path: "\(resource.name)/model.safetensors"))
        } catch { throw .model(error) }
        if let settings = resource.settings {
            self.settings = try EmbedderSettings(
                json: settings, path: "\(resource.name)/\(EmbedderSettings.fileName)")
        } else {
            settings = EmbedderSettings()
        }
        guard settings.projections == nil else {
            throw .settings(
                path: resource.name, key: "projections",
                problem: "are not supported in a model without a folder")
        }
        projections = nil
        tokenizer = .files(
            Self.data(resource.tokenizer),
            configuration: resource.tokenizerConfiguration.map(Self.data))
        guard let parts = resource.adapter else {
            adapter = nil
            return
        }
        let file: SafetensorsFile
        do {
            file = try SafetensorsFile(
                bytes: parts.weights, owner: nil, path: "\(resource.name)/adapter_model.safetensors"
            )
        } catch { throw .model(error) }
        adapter = try Adapter(
            configuration: Self.data(parts.configuration), file: file,
            path: "\(resource.name)/adapter_config.json")
    }

    /// Wraps bytes that are valid for the lifetime of the process, without copying.
    private static func data(_ bytes: UnsafeRawBufferPointer) -> Data {
        guard let base = bytes.baseAddress else { return Data() }
        return Data(
            bytesNoCopy: UnsafeMutableRawPointer(mutating: base), count: bytes.count,
            deallocator: .none)
    }

    private static func resolve(_ path: String, in folder: URL) -> URL {
        let url =
            path.hasPrefix("/") ? URL(fileURLWithPath: path) : folder.appendingPathComponent(path)
        return url.standardizedFileURL
    }

    private static func hasWeights(_ folder: URL) -> Bool {
        ["model.safetensors", "model.safetensors.index.json"].contains {
            FileManager.default.fileExists(atPath: folder.appendingPathComponent($0).path)
        }
    }

    static func map(
        _ file: URL, required: Bool
    ) throws(AutoRegEmbedError) -> MappedFile? {
        if !required, !FileManager.default.fileExists(atPath: file.path) { return nil }
        do { return try MappedFile(modelFile: file.path) } catch { throw .model(error) }
    }

    static func adapter(in folder: URL) throws(AutoRegEmbedError) -> Adapter? {
        let settings = folder.appendingPathComponent("adapter_config.json")
        guard let configuration = try map(settings, required: false) else { return nil }
        let weights = folder.appendingPathComponent("adapter_model.safetensors").path
        let file: SafetensorsFile
        do { file = try SafetensorsFile(path: weights) } catch { throw .model(error) }
        return try Adapter(
            configuration: Data(configuration.bytes), file: file, path: settings.path)
    }

    /// A GGUF file's metadata.
    var metadata: GGUFMetadata? {
        guard case .metadata(let metadata) = tokenizer else { return nil }
        return metadata
    }

    /// `general.license` of a GGUF file; nil for other models.
    var license: String? {
        guard case .metadata(let metadata) = tokenizer else { return nil }
        return metadata["general.license"]?.string?.text
    }

    func makeTokenizer() throws(TokenizerError) -> Tokenizer {
        switch tokenizer {
        case .files(let data, let configuration):
            try Tokenizer(data: data, configuration: configuration)
        case .metadata(let metadata): try Tokenizer(metadata: metadata)
        }
    }

    /// The base with the adapter, whose products are added when the first text is encoded.
    func makeEncoder(precision: ComputePrecision?) throws(AutoRegEmbedError) -> LanguageModel {
        guard let adapter else { return try makeBase(precision: precision) }
        try adapter.checkFits(checkpoint, configuration)
        // The base's own precision, even if the adapter replaces the embedding matrix: bfloat16 or
        // float32; nil multiplies quantized blocks directly.
        let embedding = checkpoint.tensor(named: ModelConfiguration.embeddingName)?.elementType
        let own: ComputePrecision? =
            embedding == .bfloat16 ? .bfloat16 : checkpoint.isQuantized ? nil : .float32
        var replacing = adapter.replaced
        var configuration = configuration
        // An embedding matrix saved whole may have more rows than the base's. The encoder never
        // uses an output projection, so a missing or shorter one does not matter.
        if let embedding = replacing[ModelConfiguration.embeddingName],
            embedding.shape.count == 2
        {
            configuration.vocabularySize = embedding.shape[0]
            configuration.isTied = true
            replacing[ModelConfiguration.outputName] = nil
        }
        do {
            return try LanguageModel(
                configuration: configuration, checkpoint: checkpoint,
                precision: precision ?? own,
                replacing: replacing, changes: adapter.lowRank, trainedRows: adapter.trainedRows)
        } catch { throw .model(error) }
    }

    private func makeBase(
        precision: ComputePrecision?, outputVocabulary: Int? = nil
    ) throws(AutoRegEmbedError) -> LanguageModel {
        do {
            return try LanguageModel(
                configuration: configuration, checkpoint: checkpoint, precision: precision,
                outputVocabulary: outputVocabulary)
        } catch { throw .model(error) }
    }

    /// - Parameter settings: the folder's settings with the options' overrides.
    func makeDecoder(
        settings: EmbedderSettings, encoder: LanguageModel
    ) throws(AutoRegEmbedError) -> LanguageModel {
        guard let relative = settings.decoder else {
            let size = settings.decoderVocabulary ?? configuration.vocabularySize
            guard size <= configuration.vocabularySize else {
                throw .settings(
                    path: path, key: "decoder_vocabulary",
                    problem: "\(size) is more than the model's \(configuration.vocabularySize)")
            }
            if adapter == nil, size == configuration.vocabularySize { return encoder }
            return try makeBase(
                precision: checkpoint.isQuantized && encoder.multipliesBlocks
                    ? nil : encoder.precision, outputVocabulary: size)
        }
        let place = Self.resolve(relative, in: location ?? URL(fileURLWithPath: "."))
        let decoder: LanguageModel
        do { decoder = try LanguageModel(folder: place, precision: encoder.precision) } catch {
            throw .model(error)
        }
        guard decoder.configuration.hiddenSize == encoder.configuration.hiddenSize else {
            throw .settings(
                path: path, key: "decoder",
                problem: "its hidden size \(decoder.configuration.hiddenSize) is not the encoder's "
                    + "\(encoder.configuration.hiddenSize)")
        }
        if let recorded = settings.decoderFingerprint {
            let found = Fingerprint.weights(of: decoder.checkpoint).hexadecimal
            guard found == recorded else {
                throw .decoderMismatch(path: place.path, recorded: recorded, found: found)
            }
        }
        return decoder
    }
}
