import FileFormat
import Foundation
import Tensors
import Tokenization
import Transformer

/// Where a model's parts come from: a folder, a folder with an adapter on a base, a GGUF file, or
/// memory.
struct ModelParts: Sendable {
    let name: String
    /// Names the model in messages.
    let path: String
    /// The folder or GGUF file; nil for a model in memory.
    let location: URL?
    /// The base model's.
    let configuration: ModelConfiguration
    let checkpoint: Checkpoint
    let adapter: Adapter?
    let settings: EmbedderSettings
    private let tokenizer: TokenizerSource

    private enum TokenizerSource {
        case files(Data, configuration: Data?)
        case metadata(GGUFMetadata)
    }

    /// Opens a folder, or a GGUF file.
    init(location: URL, base: URL?) throws(AutoRegEmbedError) {
        if Self.isFile(location) {
            try self.init(gguf: location.standardizedFileURL)
        } else {
            try self.init(folder: location.standardizedFileURL, base: base)
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
        adapter = nil
        let model = try Self.model(gguf: file)
        (configuration, checkpoint) = (model.configuration, model.checkpoint)
        tokenizer = .metadata(model.files.metadata)
        settings = EmbedderSettings(pooling: model.pooling)
    }

    private static func model(gguf file: URL) throws(AutoRegEmbedError) -> GGUFModel {
        do { return try GGUFModel(path: file.path) } catch { throw .model(error) }
    }

    private init(folder: URL, base: URL?) throws(AutoRegEmbedError) {
        name = folder.lastPathComponent
        path = folder.path
        location = folder
        adapter = try Self.adapter(in: folder)
        var base = base ?? folder
        if let adapter, base == folder, !Self.hasWeights(folder) {
            guard let recorded = adapter.base, !recorded.isEmpty else {
                throw .settings(
                    path: adapter.path, key: "base_model_name_or_path",
                    problem: "names no folder; give the base model's")
            }
            base = Self.resolve(recorded, in: folder)
            guard FileManager.default.fileExists(atPath: base.path) else {
                throw .settings(
                    path: adapter.path, key: "base_model_name_or_path",
                    problem: "there is no folder \(base.path); give the base model's")
            }
        }
        var metadata: GGUFMetadata?
        if Self.isFile(base) {
            let model = try Self.model(gguf: base)
            (configuration, checkpoint) = (model.configuration, model.checkpoint)
            metadata = model.files.metadata
        } else {
            do {
                configuration = try ModelConfiguration(
                    path: base.appendingPathComponent("config.json").path)
            } catch { throw .model(error) }
            do { checkpoint = try Checkpoint(folder: base) } catch { throw .model(error) }
        }

        // An adapter that another program trained brings none: its base's hold.
        var found = EmbedderSettings()
        for home in [base, folder] {
            let file = home.appendingPathComponent(EmbedderSettings.fileName)
            if let json = try Self.map(file, required: false) {
                found = try EmbedderSettings(json: json.bytes, path: file.path)
            }
        }
        settings = found
        let own = folder.appendingPathComponent("tokenizer.json")
        let hasOwn = FileManager.default.fileExists(atPath: own.path)
        if !hasOwn, let metadata {
            tokenizer = .metadata(metadata)
            return
        }
        let home = hasOwn ? folder : base
        let tokenizerFile = home.appendingPathComponent("tokenizer.json")
        guard let data = try? Data(contentsOf: tokenizerFile, options: .mappedIfSafe) else {
            throw .tokenizer(
                FileError.system(operation: "read", path: tokenizerFile.path, code: ENOENT))
        }
        tokenizer = .files(
            data,
            configuration: try? Data(
                contentsOf: home.appendingPathComponent("tokenizer_config.json")))
    }

    init(resource: ModelResource) throws(AutoRegEmbedError) {
        name = resource.name
        path = resource.name
        location = nil
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

    /// Bytes that live for ever, not copied.
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

    private static func map(
        _ file: URL, required: Bool
    ) throws(AutoRegEmbedError) -> MappedFile? {
        if !required, !FileManager.default.fileExists(atPath: file.path) { return nil }
        do { return try MappedFile(path: file.path) } catch { throw .model(error) }
    }

    private static func adapter(in folder: URL) throws(AutoRegEmbedError) -> Adapter? {
        let settings = folder.appendingPathComponent("adapter_config.json")
        guard let configuration = try map(settings, required: false) else { return nil }
        let weights = folder.appendingPathComponent("adapter_model.safetensors").path
        let file: SafetensorsFile
        do { file = try SafetensorsFile(path: weights) } catch { throw .model(error) }
        return try Adapter(
            configuration: Data(configuration.bytes), file: file, path: settings.path)
    }

    /// `general.license` of a GGUF file.
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
        let own = checkpoint.tensor(named: ModelConfiguration.embeddingName)?.elementType
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
                precision: precision ?? (own == .bfloat16 ? .bfloat16 : .float32),
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

    /// - Parameter settings: in use, which options may have changed.
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
            return try makeBase(precision: encoder.precision, outputVocabulary: size)
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
