import AutoRegEmbed
import FileFormat
import Foundation
import RandomNumbers
import Tensors
import Tokenization
import Transformer

/// Encoder and decoder of a run, with the parameters that it trains and everything needed to write
/// the new folder.
struct TrainableModel {
    /// The folder that the run starts from: a model's, or an adapter's.
    let path: String
    /// The model's own folder, which has the configuration and the weights.
    let folder: ModelFolder
    var settings: SettingsFile
    /// tokenizer.json and tokenizer_config.json of the new folder.
    let tokenizer: TokenizerFiles
    private(set) var conditional: ConditionalModel
    /// In the order in which the optimizer and saved states keep them.
    let trained: [Parameter]
    /// The encoder's parameters with their checkpoint names, in the checkpoint's order.
    let parameters: [Parameter]
    /// The new folder's configuration: the vocabulary may have grown.
    let configuration: ModelConfiguration
    /// The LoRA adapter that is trained, or that was and is kept.
    let adapter: AdapterSettings?
    /// The frozen decoder's folder; nil if it is this model's own base.
    let decoderFolder: ModelFolder?
    /// Where the embeddings of the compressed tokens are; nil if they are not trained.
    let compressedTokenRows: ParameterRows?
    /// The projections' file of the LLM2Vec-Gen model that the run starts from; nil if it is none.
    private let projectionsFile: String?

    /// - Parameter teacher: a respond run's, whose vectors are as wide as the model's will be.
    init(
        _ options: TrainingOptions, teacher: Teacher? = nil, backend: any Backend
    ) throws(TrainingError) {
        let base = try SavedAdapter.base(of: options.model, given: options.base)
        let folder = try ModelFolder(path: base)
        func home(of file: String) -> String {
            let own = FileManager.default.fileExists(atPath: options.model + "/" + file)
            return own ? options.model : base
        }
        var settings = try SettingsFile(folder: home(of: SettingsFile.name))
        projectionsFile = settings.projectionsFile
        guard settings.values.method == .autoRegEmbed || !options.stage.isAutoRegEmbed else {
            throw .badModel(path: options.model, .llm2VecGen(options.stage))
        }
        let responds = options.stage == .respond
        if responds {
            settings = try settings.answering(compressedTokens: options.compressedTokens)
        }
        let isEmbedder = options.stage != .pretrain
        let pooling = options.pooling ?? .compressed
        let needsTokens = isEmbedder && pooling == .compressed
        let tokenizer = try TokenizerFiles(
            folder: home(of: "tokenizer.json"),
            addingCompressedTokens: needsTokens ? settings.values.compressedTokens : [])
        guard
            !needsTokens
                || settings.values.template.parts.contains(.compressedTokens)
                    && !settings.values.compressedTokens.isEmpty
        else {
            throw .badModel(
                path: options.model + "/" + SettingsFile.name,
                .noCompressedTokens(options.stage))
        }
        guard folder.hasWeights || options.stage == .pretrain else {
            throw .badModel(path: options.model, .noWeights)
        }
        var configuration = folder.configuration
        configuration.vocabularySize = max(
            configuration.vocabularySize, tokenizer.tokenizer.vocabularySize)
        try Self.check(options.frozen, name: configuration.parameters.map(\.name))
        let saved = try SavedAdapter(folder: options.model)
        let trainedAdapter = AdapterSettings(options, saved: saved?.settings)
        // Responding leaves the language model as it is, so that it is the decoder, too.
        let isFrozen = responds || trainedAdapter != nil
        let initial = InitialWeights(
            folder: folder, options: options, configuration: configuration,
            newTokens: tokenizer.added,
            startToken: options.compressedTokenStart.flatMap {
                tokenizer.tokenizer.encode($0).last
            },
            hasOwnRows: isFrozen, backend: backend)
        // If all weights are trained, an encoder starts from the base with its adapter merged in, a
        // language model from the base alone.
        let merged = !isFrozen && isEmbedder ? saved : nil
        var encoder = try Self.decoder(configuration) { declaration throws(TrainingError) in
            let isHead = declaration.name == ModelConfiguration.outputName
            let isTrained =
                !isFrozen && !(isHead && isEmbedder)
                && !options.frozen.contains { Self.is(declaration.name, under: $0) }
            return try initial.parameter(declaration, isTrained: isTrained, merging: merged)
        }
        encoder.isCheckpointed = options.recomputesLayers
        parameters = encoder.parameters
        var trained = encoder.parameters.filter(\.isTrained)
        // An adapter that the model has is kept as it is unless it is trained.
        adapter = trainedAdapter ?? (responds ? saved?.settings : nil)
        if let adapter {
            trained += try adapter.attach(
                to: &encoder, saved: saved, isTrained: trainedAdapter != nil, seed: options.seed,
                backend: backend)
        }
        if isFrozen {
            trained += try TokenRows.attach(
                to: &encoder, saved: saved, tokens: tokenizer.compressedTokens,
                newRows: try initial.newRows(), backend: backend)
        }
        var projections: ProjectionParameters?
        if responds {
            let made = try ProjectionParameters(
                file: projectionsFile, hiddenSize: configuration.hiddenSize, teacher: teacher,
                seed: options.seed, backend: backend)
            trained += made.parameters.filter(\.isTrained)
            projections = made
        }

        var decoderFolder: ModelFolder?
        var decoder: DifferentiableDecoder?
        if options.stage == .compress || options.stage == .align || options.reconstructs {
            if let path = options.decoder ?? settings.decoderFolder {
                let other = try ModelFolder(path: path)
                decoderFolder = other
                decoder = try Self.decoder(other.configuration) {
                    declaration throws(TrainingError) in
                    Parameter(
                        try other.view(declaration), name: declaration.name, isTrained: false,
                        backend: backend)
                }
            } else {
                // Its vocabulary is the one before any token was added. Encoder and decoder share
                // weights that are frozen.
                let shared = Dictionary(
                    isFrozen ? encoder.parameters.map { ($0.name, $0) } : [],
                    uniquingKeysWith: { $1 })
                var own = folder.configuration
                own.vocabularySize = min(
                    own.vocabularySize,
                    settings.values.decoderVocabulary ?? own.vocabularySize)
                decoder = try Self.decoder(own) { declaration throws(TrainingError) in
                    if let parameter = shared[declaration.name],
                        parameter.shape == declaration.shape,
                        tokenizer.added.isEmpty
                            || !declaration.shape.contains(configuration.vocabularySize)
                    {
                        return parameter
                    }
                    return Parameter(
                        try folder.decoderView(declaration, vocabulary: own.vocabularySize),
                        name: declaration.name, isTrained: false,
                        backend: backend)
                }
            }
        }
        if let decoder {
            try Self.check(decoder, fits: encoder, options, path: decoderFolder?.path, tokenizer)
        }
        decoder?.isCheckpointed = options.recomputesLayers
        if options.frozenPrecision == .int8 {
            encoder.quantizeFrozenProjections(backend)
            decoder?.quantizeFrozenProjections(backend)
        }
        var decoderInput = DecoderInput(
            scale: settings.values.decoderScale, offset: settings.values.decoderOffset)
        // The model's offset was fitted with its own scale.
        if case .factor(let factor) = options.decoderScale {
            decoderInput = DecoderInput(scale: factor)
        }
        guard [0, configuration.hiddenSize].contains(decoderInput.offset.count) else {
            throw .badModel(
                path: options.model + "/" + SettingsFile.name,
                .decoderOffset(
                    count: decoderInput.offset.count, expected: configuration.hiddenSize))
        }
        conditional = ConditionalModel(
            encoder: encoder, decoder: decoder,
            compressedTokens: needsTokens ? settings.values.compressedTokens.count : 0,
            pooling: pooling, decoderInput: decoderInput, projections: projections)
        if let (_, rows) = encoder.trainedRows {
            compressedTokenRows = ParameterRows(
                parameter: rows, rows: Array(0..<rows.shape[0]))
        } else if needsTokens, encoder.embedding.isTrained {
            compressedTokenRows = ParameterRows(
                parameter: encoder.embedding, rows: tokenizer.compressedTokens.map(Int.init))
        } else {
            compressedTokenRows = nil
        }
        guard options.compressedTokenLearningRate == nil || compressedTokenRows != nil else {
            throw .badOption(.compressedTokenLearningRate, .compressedTokensAreFrozen)
        }
        path = options.model
        self.folder = folder
        self.settings = settings
        self.tokenizer = tokenizer
        self.trained = trained
        self.configuration = configuration
        self.decoderFolder = decoderFolder
    }

    /// `DifferentiableDecoder` with the module's error type.
    private static func decoder(
        _ configuration: ModelConfiguration,
        _ parameter: (ParameterDeclaration) throws(TrainingError) -> Parameter
    ) throws(TrainingError) -> DifferentiableDecoder {
        do {
            return try DifferentiableDecoder(configuration: configuration, parameter: parameter)
        } catch let error as TrainingError {
            throw error
        } catch {
            preconditionFailure("the closure throws nothing else")
        }
    }

    /// Whether a parameter has the given name or is below it; dots separate levels, as in the
    /// checkpoint.
    private static func `is`(_ parameter: String, under name: String) -> Bool {
        parameter == name || parameter.hasPrefix(name + ".")
    }

    private static func check(
        _ frozen: [String], name parameters: [String]
    ) throws(TrainingError) {
        for name in frozen where !parameters.contains(where: { Self.is($0, under: name) }) {
            throw .badOption(.frozen, .noSuchParameter(name))
        }
        guard !parameters.allSatisfy({ name in frozen.contains { Self.is(name, under: $0) } })
        else { throw .badOption(.frozen, .allParameters) }
    }

    private static func check(
        _ decoder: DifferentiableDecoder, fits encoder: DifferentiableDecoder,
        _ options: TrainingOptions, path: String?, _ tokenizer: TokenizerFiles
    ) throws(TrainingError) {
        let path = path ?? options.model
        let (own, other) = (encoder.configuration, decoder.configuration)
        guard own.hiddenSize == other.hiddenSize else {
            throw .decoderMismatch(
                model: options.model, decoder: path,
                .hiddenSize(model: own.hiddenSize, decoder: other.hiddenSize))
        }
        let ordinary = tokenizer.tokenizer.vocabularySize - tokenizer.compressedTokens.count
        guard other.vocabularySize >= min(ordinary, own.vocabularySize) else {
            throw .decoderMismatch(
                model: options.model, decoder: path,
                .vocabulary(tokenizer: ordinary, decoder: other.vocabularySize))
        }
    }

    /// Fits the decoder's input to what it is used to read, see ``DecoderInput/fitted``. Called
    /// before the first step and before a saved state is restored: the values of the weights that
    /// the run starts with decide.
    mutating func fitDecoderInput(
        _ data: TrainingData, _ options: TrainingOptions, backend: any Backend
    ) throws(TrainingError) {
        let source = CompressSource(
            data: data, inputs: try inputs(options),
            choice: PairChoice(negatives: 0, seed: options.seed, shuffles: options.shuffles))
        var generator = SeededGenerator(seed: options.seed, purpose: 8)
        var inputs: [[Int32]] = []
        for row in generator.choice(min(DecoderInput.rows, data.count), of: data.count) {
            inputs.append(try source.example(row).input)
        }
        guard let fitted = DecoderInput.fitted(conditional, inputs, backend: backend) else {
            throw .badOption(.decoderScale, .notDerivable)
        }
        conditional.decoderInput = fitted
    }

    /// Hashes everything in the starting folder that losses depend on (weights, adapter, tokenizer
    /// and settings) and the decoder's weights.
    func fingerprint() -> String {
        let hasher = ContentHasher()
        hasher.update(folder.fingerprint())
        hasher.update(decoderFolder?.fingerprint() ?? "own")
        for name in [SavedAdapter.configurationName, SavedAdapter.weightsName, SettingsFile.name] {
            hasher.update(name)
            var data = FileManager.default.contents(atPath: path + "/" + name)
            // An adapter without settings of its own has its base's.
            if data == nil, name == SettingsFile.name {
                data = FileManager.default.contents(atPath: folder.path + "/" + name)
            }
            data?.withUnsafeBytes { hasher.update($0) }
        }
        if let projectionsFile {
            hasher.update(Projections.fileName)
            FileManager.default.contents(atPath: projectionsFile)?
                .withUnsafeBytes { hasher.update($0) }
        }
        for (name, content) in tokenizer.files.sorted(by: { $0.key < $1.key }) {
            hasher.update(name)
            content.withUnsafeBytes { hasher.update($0) }
        }
        return hasher.finalize().hexadecimal
    }

    /// How this run tokenizes texts.
    ///
    /// - Parameter maximumLength: the most tokens of a text; nil uses the run's option, else the
    ///   model's.
    func inputs(
        _ options: TrainingOptions, maximumLength: Int? = nil
    ) throws(TrainingError) -> TextInputs {
        guard let eos = tokenizer.tokenizer.eosID else {
            throw .badModel(path: folder.path, .noEndOfText)
        }
        return TextInputs(
            tokenizer: tokenizer.tokenizer, template: settings.values.template,
            compressedTokens: tokenizer.compressedTokens, eos: eos,
            instructions: settings.instructions(options.task),
            maximumLength: maximumLength ?? options.maximumLength ?? settings.values.maximumLength)
    }
}
