import AutoRegEmbed
import FileFormat
import Foundation
import JSON
import Tensors
import TextBytes
import Transformer

/// Writes a trained model as a Hugging Face folder.
///
///     config.json, generation_config.json      the starting model's; the vocabulary may have grown
///     tokenizer.json, tokenizer_config.json …  the starting model's, with the compressed tokens
///     autoregembed.json                        the embedder's settings, with the decoder's path
///     model.safetensors                        the weights; with an adapter the base's, unchanged
///     adapter_config.json, adapter_model.safetensors      with an adapter that is not merged: LoRA, or
///                                              the compressed tokens' rows alone
///     projections.safetensors                  LLM2Vec-Gen's
///
/// Each file is replaced atomically. The weights come last: if the process is killed in between,
/// the folder has no weights or the old ones.
struct ModelWriter {
    let model: TrainableModel
    let options: TrainingOptions
    let precision: ComputePrecision

    /// Files of the starting model that are copied if they exist.
    private static let copied = [
        "generation_config.json", "special_tokens_map.json", "chat_template.jinja",
    ]

    func write() throws(TrainingError) {
        let folder = options.output
        do {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true)
            try write(configuration(), name: "config.json")
            for name in Self.copied {
                if let data = FileManager.default.contents(atPath: model.folder.path + "/" + name) {
                    try write(data, name: name)
                }
            }
            for (name, data) in model.tokenizer.files.sorted(by: { $0.key < $1.key }) {
                try write(data, name: name)
            }
            if options.stage != .pretrain {
                try write(try settings().data(), name: SettingsFile.name)
            }
            if let projections = model.conditional.projections {
                try projections.write(to: folder + "/" + Projections.fileName)
            }
            if hasAdapter {
                try writeAdapter()
            } else {
                for name in [SavedAdapter.configurationName, SavedAdapter.weightsName] {
                    try? FileManager.default.removeItem(atPath: folder + "/" + name)
                }
            }
            try writeWeights()
        } catch let error as TrainingError {
            throw error
        } catch {
            throw .cannotWrite(path: folder, error)
        }
    }

    private func write(_ data: Data, name: String) throws {
        let file = try AtomicFile(path: options.output + "/" + name)
        try file.write(Array(data))
        try file.commit()
    }

    /// Whether what was trained of the language model is written beside its weights, and these as they
    /// were.
    private var hasAdapter: Bool {
        (model.adapter != nil || model.conditional.encoder.trainedRows != nil) && !options.merges
    }

    /// Float32, unless the run computes in bfloat16 and the checkpoint is stored in a smaller type. A
    /// respond run, which leaves the weights as they were, also keeps their type.
    private var elementType: ElementType {
        if options.stage == .respond, hasAdapter { return model.folder.elementType }
        guard precision == .bfloat16, model.folder.hasWeights else { return .float32 }
        return model.folder.elementType
    }

    private func configuration() throws(TrainingError) -> Data {
        let path = model.folder.path + "/config.json"
        guard let data = FileManager.default.contents(atPath: path),
            var object = (try? JSONValue(parsing: data))?.objectValue
        else { throw .cannotRead(path: path, .notAnObject) }
        let typeKey = object["torch_dtype"] == nil ? "dtype" : "torch_dtype"
        let hasVocabulary = object["vocab_size"]?.integerValue == model.configuration.vocabularySize
        let hasType = object[typeKey]?.stringValue == elementType.torchName
        if hasVocabulary, hasType { return data }
        object["vocab_size"] = .init(model.configuration.vocabularySize)
        object[typeKey] = .string(elementType.torchName)
        return Data((JSONValue.object(object).indentedText + "\n").utf8)
    }

    private func settings() throws(TrainingError) -> SettingsFile {
        var settings = model.settings
        let (tokens, pooling) = (model.conditional.compressedTokens, model.conditional.pooling)
        if tokens > 0 { settings.setDefault("compressed_tokens", .init(tokens)) }
        // The one that was trained, however the starting model pooled.
        if settings.values.pooling != pooling {
            settings.set("pooling", .string(pooling.rawValue))
        }
        let input = model.conditional.decoderInput
        settings.set("decoder_scale", input.scale == 1 ? nil : .number(input.scale))
        settings.set("decoder_offset", input.offsetValue)
        let decoder: ModelFolder?
        if let explicit = model.decoderFolder {
            decoder = explicit
        } else if let named = settings.decoderFolder {
            decoder = try ModelFolder(path: named)
        } else {
            decoder = hasAdapter ? nil : model.folder
        }
        if let decoder {
            settings.set(
                "decoder", .string(RelativePath.from(options.output, to: decoder.path)))
            settings.set("decoder_fingerprint", .string(decoder.fingerprint()))
        } else {
            settings.set("decoder", .null)
            settings.set(
                "decoder_vocabulary",
                .init(
                    settings.values.decoderVocabulary
                        ?? model.folder.configuration.vocabularySize))
        }
        return settings
    }

    private func writeWeights() throws {
        let type = elementType
        let encoder = model.conditional.encoder
        let byName = Dictionary(
            encoder.parameters.map { ($0.name, $0) }, uniquingKeysWith: { $1 })
        let declarations = model.configuration.parameters.map {
            SafetensorsWriter.Declaration(name: $0.name, shape: $0.shape, elementType: type)
        }
        try SafetensorsWriter.write(
            to: options.output + "/model.safetensors", tensors: declarations
        ) { declaration, write in
            guard let parameter = byName[declaration.name] else { return }
            let stored = parameter.value.stored
            if !options.merges, type == .float32, !stored.isHalf {
                // Written without a copy: that of a large table would be the run's peak of memory.
                return try write(
                    UnsafeRawBufferPointer(start: stored.floats, count: 4 * stored.count))
            }
            var values = stored.array
            if options.merges { merge(parameter.name, into: &values) }
            try Self.encoded(values, as: type).withUnsafeBytes { try write($0) }
        }
    }

    private func merge(_ name: String, into values: inout [Float]) {
        let encoder = model.conditional.encoder
        if name == ModelConfiguration.embeddingName, let (ids, rows) = encoder.trainedRows {
            let width = model.configuration.hiddenSize
            let trained = rows.value.stored.array
            for (row, id) in ids.enumerated() {
                values.replaceSubrange(
                    Int(id) * width..<(Int(id) + 1) * width,
                    with: trained[row * width..<(row + 1) * width])
            }
        }
        for layer in encoder.layers {
            for projection in layer.projections.values where projection.weight.name == name {
                guard let adapter = projection.adapter else { return }
                LowRankProduct.add(
                    a: adapter.a.value.stored.array, b: adapter.b.value.stored.array,
                    rank: adapter.a.shape[0], scale: adapter.scale, to: &values)
            }
        }
    }

    private func writeAdapter() throws {
        let encoder = model.conditional.encoder
        let ids = JSONValue.array((encoder.trainedRows?.ids ?? []).map { .init($0) })
        let changed = Projection.allCases.filter { projection in
            encoder.layers.contains { $0.projections[projection]?.adapter != nil }
        }
        var tensors = encoder.layers.flatMap { layer in
            layer.projections.values.compactMap(\.adapter).flatMap { [$0.a, $0.b] }
        }.map { (name: $0.name, parameter: $0) }
        var object: JSONObject
        if let adapter = model.adapter {
            object = [
                "peft_type": "LORA", "task_type": "CAUSAL_LM", "r": .init(adapter.rank),
                "lora_alpha": .number(adapter.alpha), "lora_dropout": .number(adapter.dropout),
                "bias": "none",
                "target_modules": .array(changed.map(\.shortName).sorted().map { .string($0) }),
                "base_model_name_or_path": ".", "inference_mode": true, "fan_in_fan_out": false,
            ]
            if encoder.trainedRows != nil {
                object["trainable_token_indices"] = ["embed_tokens": ids]
            }
        } else {
            object = [
                "peft_type": "TRAINABLE_TOKENS", "token_indices": ids,
                "target_modules": ["embed_tokens"], "base_model_name_or_path": ".",
                "inference_mode": true, "task_type": .null,
            ]
        }
        if let rows = encoder.trainedRows?.rows {
            tensors.append(
                (model.adapter == nil ? AdapterNames.tokensAlone : AdapterNames.tokens, rows))
        }
        let json = JSONValue.object(object).indentedText + "\n"
        try write(Data(json.utf8), name: SavedAdapter.configurationName)
        let byName = Dictionary(tensors, uniquingKeysWith: { $1 })
        try SafetensorsWriter.write(
            to: options.output + "/" + SavedAdapter.weightsName,
            tensors: byName.sorted { $0.key < $1.key }.map {
                .init(name: $0.key, shape: $0.value.shape, elementType: .float32)
            }
        ) { declaration, write in
            guard let parameter = byName[declaration.name] else { return }
            try parameter.value.stored.array.withUnsafeBytes { try write($0) }
        }
    }

    private static func encoded(_ values: [Float], as type: ElementType) -> [UInt8] {
        switch type {
        case .bfloat16: values.map(BFloat16.bits).withUnsafeBytes { Array($0) }
        case .float16: values.map(Float16Bits.bits).withUnsafeBytes { Array($0) }
        default: values.withUnsafeBytes { Array($0) }
        }
    }
}

enum RelativePath {
    /// The path from folder `start` to `target`, both relative to the working directory or
    /// absolute.
    static func from(_ start: String, to target: String) -> String {
        let from = URL(filePath: start).standardizedFileURL.pathComponents
        let to = URL(filePath: target).standardizedFileURL.pathComponents
        let common = zip(from, to).prefix { $0.hasSameBytes(as: $1) }.count
        let up = [String](repeating: "..", count: from.count - common)
        let parts = up + to.dropFirst(common)
        return parts.isEmpty ? "." : parts.joined(separator: "/")
    }
}
