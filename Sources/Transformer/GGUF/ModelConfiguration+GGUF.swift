import FileFormat
import Foundation

extension ModelConfiguration {
    /// Reads a GGUF file's metadata, under `llama.`, `qwen2.` or `qwen3.`, with llama.cpp's
    /// defaults for absent keys. Biases and the output projection are detected from the tensors.
    package init(gguf files: GGUFFileSet) throws(ModelConfigurationError) {
        let fields = try GGUFConfigurationFields(files)
        architecture = fields.architecture
        try fields.checkSupported()

        hiddenSize = try fields.required("embedding_length", in: 1...(1 << 17))
        intermediateSize = try fields.uniform("feed_forward_length", in: 1...(1 << 20))
        layerCount = try fields.required("block_count", in: 1...4096)
        headCount = try fields.uniform("attention.head_count", in: 1...4096)
        keyValueHeadCount =
            fields.has("attention.head_count_kv")
            ? try fields.uniform("attention.head_count_kv", in: 1...4096) : headCount
        guard headCount % keyValueHeadCount == 0 else {
            throw fields.inconsistent(
                "attention.head_count_kv",
                "\(keyValueHeadCount) does not divide head_count \(headCount)")
        }
        if let length = try fields.integer("attention.key_length", in: 2...4096) {
            headDimension = length
        } else {
            guard hiddenSize % headCount == 0 else {
                throw fields.inconsistent(
                    "attention.head_count",
                    "\(headCount) does not divide embedding_length \(hiddenSize)")
            }
            headDimension = hiddenSize / headCount
        }
        guard headDimension % 2 == 0 else {
            throw fields.inconsistent("attention.key_length", "\(headDimension) is odd")
        }
        for key in ["attention.value_length", "rope.dimension_count"] {
            let other = try fields.integer(key, in: 0...4096) ?? headDimension
            guard other == headDimension else {
                throw fields.unsupported(key, "\(other), with heads of width \(headDimension),")
            }
        }
        normEpsilon = Float(try fields.required("attention.layer_norm_rms_epsilon", in: 0...1.0))
        maximumPositions = try fields.required("context_length", in: 1...(1 << 30))
        rope = try fields.rope(maximumPositions: maximumPositions, headDimension: headDimension)

        func has(_ tensor: String) -> Bool { files.tensor(named: tensor) != nil }
        guard let embedding = files.tensor(named: "token_embd.weight"),
            embedding.shape.count == 2, 1...(1 << 24) ~= embedding.shape[0]
        else {
            throw fields.inconsistent("vocab_size", "token_embd.weight is missing or not a matrix")
        }
        vocabularySize = embedding.shape[0]
        isTied = !has("output.weight")
        hasQueryKeyValueBias = architecture == .qwen2 || has("blk.0.attn_q.bias")
        hasAttentionOutputBias = has("blk.0.attn_output.bias")
        hasFeedForwardBias = has("blk.0.ffn_gate.bias")
        hasQueryKeyNorm = architecture == .qwen3
        // Mistral's files have the architecture llama as well.
        var window: Int?
        if architecture == .llama {
            window = try fields.integer("attention.sliding_window", in: 0...(1 << 30))
        }
        slidingWindows = Array(repeating: window == 0 ? nil : window, count: layerCount)
        elementType = nil
    }
}

/// Access to the metadata keys of the architecture.
struct GGUFConfigurationFields {
    let architecture: ModelConfiguration.Architecture
    private let files: GGUFFileSet
    private let prefix: String
    private var metadata: GGUFMetadata { files.metadata }

    init(_ files: GGUFFileSet) throws(ModelConfigurationError) {
        self.files = files
        let path = files.path
        let (name, type): (String?, String?)
        do throws(GGUFError) {
            name = try files.metadata.string("general.architecture")
            type = try files.metadata.string("general.type")
        } catch { throw .metadata(error) }
        guard type == nil || type == "model" else {
            throw .unsupported(path: path, key: "general.type", found: type ?? "")
        }
        switch name {
        case "llama": architecture = .llama
        case "qwen2": architecture = .qwen2
        case "qwen3": architecture = .qwen3
        case let other?:
            throw .unsupported(path: path, key: "general.architecture", found: other)
        case nil: throw .metadata(.missingKey(path: path, key: "general.architecture"))
        }
        prefix = architecture.rawValue + "."
    }

    func unsupported(_ key: String, _ found: String) -> ModelConfigurationError {
        .unsupported(path: files.path, key: prefix + key, found: found)
    }

    func inconsistent(_ key: String, _ fact: String) -> ModelConfigurationError {
        .inconsistent(path: files.path, key: prefix + key, fact: fact)
    }

    private func read<Value>(
        _ body: (GGUFMetadata) throws(GGUFError) -> Value
    ) throws(ModelConfigurationError) -> Value {
        do { return try body(metadata) } catch { throw .metadata(error) }
    }

    private func missing(_ key: String) -> ModelConfigurationError {
        .metadata(.missingKey(path: files.path, key: prefix + key))
    }

    func has(_ key: String) -> Bool { metadata[prefix + key] != nil }

    func string(_ key: String) throws(ModelConfigurationError) -> String? {
        try read { metadata throws(GGUFError) in try metadata.string(prefix + key) }
    }

    func integer(
        _ key: String, in range: ClosedRange<Int>
    ) throws(ModelConfigurationError) -> Int? {
        try read { metadata throws(GGUFError) in try metadata.integer(prefix + key, in: range) }
    }

    func required(
        _ key: String, in range: ClosedRange<Int>
    ) throws(ModelConfigurationError) -> Int {
        guard let value = try integer(key, in: range) else { throw missing(key) }
        return value
    }

    /// An integer that must be the same for every layer.
    func uniform(
        _ key: String, in range: ClosedRange<Int>
    ) throws(ModelConfigurationError) -> Int {
        let value = try read { metadata throws(GGUFError) in
            try metadata.uniformInteger(prefix + key, in: range)
        }
        guard let value else { throw missing(key) }
        return value
    }

    func number(
        _ key: String, in range: ClosedRange<Double>
    ) throws(ModelConfigurationError) -> Double? {
        try read { metadata throws(GGUFError) in try metadata.number(prefix + key, in: range) }
    }

    func required(
        _ key: String, in range: ClosedRange<Double>
    ) throws(ModelConfigurationError) -> Double {
        guard let value = try number(key, in: range) else { throw missing(key) }
        return value
    }

    /// Throws for settings that change the computation and are not supported.
    func checkSupported() throws(ModelConfigurationError) {
        // Keys with their neutral values.
        let neutral: [(key: String, value: Double)] = [
            ("expert_count", 0), ("attention.clamp_kqv", 0), ("attention.max_alibi_bias", 0),
            ("attn_logit_softcapping", 0), ("final_logit_softcapping", 0), ("logit_scale", 1),
            ("embedding_scale", 1), ("residual_scale", 1),
        ]
        for (key, value) in neutral {
            if let found = metadata[prefix + key], found.number != value {
                throw unsupported(key, found.number.map { "\($0)" } ?? "\(found)")
            }
        }
        let causal = try read { metadata throws(GGUFError) in
            try metadata.bool(prefix + "attention.causal")
        }
        if causal == false { throw unsupported("attention.causal", "false") }
    }

    // MARK: Rotary embedding

    func rope(
        maximumPositions: Int, headDimension: Int
    ) throws(ModelConfigurationError) -> RopeConfiguration {
        let theta = try number("rope.freq_base", in: 1...1e12) ?? 10_000
        let scaling = try scaling(maximumPositions: maximumPositions, headDimension: headDimension)
        return RopeConfiguration(theta: theta, scaling: scaling)
    }

    private func scaling(
        maximumPositions: Int, headDimension: Int
    ) throws(ModelConfigurationError) -> RopeConfiguration.Scaling {
        let factors = 1e-3...1e6
        let type = try string("rope.scaling.type")
        let original =
            try integer("rope.scaling.original_context_length", in: 1...(1 << 30))
            ?? maximumPositions
        let given = try number("rope.scaling.factor", in: 0...1e6)
        let older = try number("rope.scale_linear", in: 0...1e6)
        let factor = given ?? older ?? 0
        // Llama 3 has the divisors of its frequencies in a tensor, whatever the metadata says.
        if let divisors = try divisors("rope_freqs.weight", count: headDimension / 2) {
            return .longrope(
                short: divisors, long: divisors, attentionFactor: 1,
                originalPositions: maximumPositions)
        }
        switch type {
        case "none": return .none
        // llama.cpp's default.
        case nil, "linear":
            return factor == 0 || factor == 1
                ? .none : .linear(factor: try checked(factor, factors))
        case "yarn":
            let factor = try checked(factor, factors)
            let scale = try number("rope.scaling.yarn_attn_factor", in: 0...1e6)
            let older = try number("rope.scaling.attn_factor", in: 0...1e6)
            let betaFast = try number("rope.scaling.yarn_beta_fast", in: 1e-3...1e6) ?? 32
            let betaSlow = try number("rope.scaling.yarn_beta_slow", in: 1e-3...1e6) ?? 1
            return .yarn(
                factor: factor,
                attentionFactor: (scale ?? older ?? 1) * (factor <= 1 ? 1 : 0.1 * log(factor) + 1),
                betaFast: betaFast, betaSlow: betaSlow, truncate: true,
                originalPositions: original)
        case "longrope":
            guard let long = try divisors("rope_factors_long.weight", count: headDimension / 2),
                let short = try divisors("rope_factors_short.weight", count: headDimension / 2)
            else { throw missing("rope_factors_long.weight") }
            return .longrope(
                short: short, long: long,
                attentionFactor: try number("rope.scaling.attn_factor", in: 0...1e6) ?? 1,
                originalPositions: original)
        case let other?: throw unsupported("rope.scaling.type", other)
        }
    }

    private func checked(
        _ factor: Double, _ range: ClosedRange<Double>
    ) throws(ModelConfigurationError) -> Double {
        guard range.contains(factor) else {
            throw .outOfRange(
                path: files.path, key: prefix + "rope.scaling.factor", found: "\(factor)",
                allowed: "\(range.lowerBound) to \(range.upperBound)")
        }
        return factor
    }

    /// A tensor of positive float32 numbers, one for each frequency; nil if it is missing.
    private func divisors(
        _ name: String, count: Int
    ) throws(ModelConfigurationError) -> [Double]? {
        guard let tensor = files.tensor(named: name) else { return nil }
        let values =
            tensor.elementType == .f32 && tensor.shape.reduce(1, *) == count
            ? (0..<count).map { index in
                Float(
                    bitPattern: UInt32(
                        littleEndian: tensor.bytes.loadUnaligned(
                            fromByteOffset: index * 4, as: UInt32.self)))
            } : []
        guard values.count == count, values.allSatisfy({ 1e-6...1e6 ~= $0 }) else {
            throw .inconsistent(
                path: files.path, key: name,
                fact: "must have \(count) positive F32 numbers, one for each frequency")
        }
        return values.map(Double.init)
    }
}
