import FileFormat
import Foundation
import JSON
import Tensors

/// A sentence-transformers folder: `modules.json` lists a Transformer, a Pooling and optionally
/// further modules, each with its own folder.
///
/// Reads what sentence-transformers 6 and earlier versions write. An unsupported module or setting
/// is rejected by name.
package struct SentenceTransformerFolder: Sendable {
    static let fileName = "modules.json"

    /// The folder of the language model and its tokenizer.
    package let transformer: URL
    package let pooling: Pooling
    /// The modules applied to the pooled states, in order.
    package let steps: [SentenceStep]
    package let prompts: SentencePrompts
    /// The most tokens of an input, including prompt and special tokens; nil uses the tokenizer's
    /// limit.
    package let maximumLength: Int?

    /// Nil if the folder has no `modules.json`.
    package init?(folder: URL) throws(AutoRegEmbedError) {
        guard let list = try SettingsFields.list(folder.appendingPathComponent(Self.fileName))
        else {
            return nil
        }
        var modules = list[...]
        func place(_ fields: SettingsFields) throws(AutoRegEmbedError) -> (kind: String, URL) {
            try Self.place(of: fields, in: folder)
        }
        func next(_ kind: String) throws(AutoRegEmbedError) -> URL {
            let file = folder.appendingPathComponent(Self.fileName).path
            guard let fields = modules.popFirst() else {
                throw .settings(path: file, key: "type", problem: "the module \(kind) is missing")
            }
            let (found, place) = try place(fields)
            guard found == kind else {
                throw fields.wrong("type", "\(found) is not supported here, only \(kind)")
            }
            return place
        }
        transformer = try next("Transformer")
        maximumLength = try Self.maximumLength(transformer)
        pooling = try Self.pooling(try next("Pooling"))
        var steps: [SentenceStep] = []
        for fields in modules {
            let (kind, place) = try place(fields)
            switch kind {
            case "Dense": steps.append(.dense(try DenseLayer(folder: place)))
            case "Normalize":
                if let fields = try SettingsFields(place.appendingPathComponent("config.json")) {
                    try fields.check(["module_input_name", "module_output_name"])
                    try fields.checkReadsSentence()
                }
                steps.append(.normalize)
            // Dropout applies in training only.
            case "Dropout": break
            default: throw fields.wrong("type", "\(kind) is not supported")
            }
        }
        self.steps = steps
        prompts = try SentencePrompts(
            folder.appendingPathComponent("config_sentence_transformers.json"))
    }

    /// The folder of the first module; nil if the folder has no `modules.json`.
    package static func transformer(in folder: URL) throws(AutoRegEmbedError) -> URL? {
        let file = folder.appendingPathComponent(fileName)
        guard let first = try SettingsFields.list(file)?.first else { return nil }
        return try place(of: first, in: folder).folder.standardizedFileURL
    }

    private static func place(
        of module: SettingsFields, in folder: URL
    ) throws(AutoRegEmbedError) -> (kind: String, folder: URL) {
        guard let type = try module.string("type"), let path = try module.string("path"),
            !path.hasPrefix("/"), !path.split(separator: "/").contains("..")
        else { throw module.wrong("type", "and a path inside the folder are required") }
        let kind = type.split(separator: ".").last.map(String.init) ?? type
        return (kind, path.isEmpty ? folder : folder.appendingPathComponent(path))
    }

    /// The number of elements in a vector if a Dense module changes it, else nil.
    package var dimensions: Int? {
        steps.compactMap { if case .dense(let layer) = $0 { layer.outputs } else { nil } }.last
    }

    /// A pooled text's vector before the last normalization.
    package func unnormalized(_ pooled: [Float]) -> [Float] {
        var steps = steps[...]
        while case .normalize? = steps.last { steps.removeLast() }
        return steps.reduce(pooled) { $1.applied(to: $0) }
    }

    /// Throws if a Dense module does not fit the one before it.
    package func checkFits(hiddenSize: Int, path: String) throws(AutoRegEmbedError) {
        var width = hiddenSize
        for case .dense(let layer) in steps {
            guard layer.inputs == width else {
                throw .settings(
                    path: path, key: "in_features", problem: "is \(layer.inputs), not \(width)")
            }
            width = layer.outputs
        }
    }

    private static func maximumLength(_ folder: URL) throws(AutoRegEmbedError) -> Int? {
        let file = folder.appendingPathComponent("sentence_bert_config.json")
        guard let fields = try SettingsFields(file) else { return nil }
        if try fields.boolean("do_lower_case") == true {
            throw fields.wrong("do_lower_case", "is not supported")
        }
        if let task = try fields.string("transformer_task"), task != "feature-extraction" {
            throw fields.wrong("transformer_task", "\(task) is not supported")
        }
        return try fields.positive("max_seq_length")
    }

    /// The pooling: `pooling_mode`, or `pooling_mode_…: true` of earlier versions.
    private static func pooling(_ folder: URL) throws(AutoRegEmbedError) -> Pooling {
        let file = folder.appendingPathComponent("config.json")
        guard let fields = try SettingsFields(file) else {
            throw .settings(path: file.path, key: "", problem: "is missing")
        }
        var modes: [(key: String, mode: String)] = []
        if let mode = fields["pooling_mode"]?.stringValue {
            modes = [("pooling_mode", mode)]
        } else if let list = try fields.strings("pooling_mode") {
            modes = list.map { ("pooling_mode", $0) }
        }
        for key in fields.object.keys where key.hasPrefix("pooling_mode_") {
            if try fields.boolean(key) == true {
                modes.append((key, String(key.dropFirst("pooling_mode_".count))))
            }
        }
        guard modes.count == 1 else {
            throw fields.wrong("pooling_mode", "must be one of cls, mean, lasttoken")
        }
        let pooling: Pooling
        switch modes[0].mode {
        case "lasttoken": pooling = .last
        case "mean", "mean_tokens": pooling = .mean
        case "cls", "cls_token": pooling = .first
        case let mode: throw fields.wrong(modes[0].key, "\(mode) is not supported")
        }
        if pooling != .last, try fields.boolean("include_prompt") == false {
            throw fields.wrong("include_prompt", "false is not supported")
        }
        return pooling
    }
}

/// `config_sentence_transformers.json`: the prompts in front of texts.
package struct SentencePrompts: Sendable {
    private var byName: [(name: String, text: String)] = []
    private var standard: String?

    /// Queries take the prompt `query`, documents `document`, `passage` or `corpus`. If there is no
    /// such prompt, not even an empty one, they take that of `default_prompt_name`.
    init(_ file: URL) throws(AutoRegEmbedError) {
        guard let fields = try SettingsFields(file) else { return }
        for (name, value) in try fields.entries("prompts") {
            guard let text = value.stringValue else {
                throw fields.wrong("prompts", "\(name) must be a string")
            }
            byName.append((name, text))
        }
        if let name = try fields.string("default_prompt_name") {
            guard let text = text(named: [name]) else {
                throw fields.wrong("default_prompt_name", "the prompt \(name) is missing")
            }
            standard = text
        }
    }

    private func text(named names: [String]) -> String? {
        for name in names {
            if let prompt = byName.first(where: { $0.name.hasBytes(name) }) { return prompt.text }
        }
        return nil
    }

    package func text(for instruction: Instruction) -> String {
        switch instruction {
        case .next: text(named: ["query"]) ?? standard ?? ""
        case .self_: text(named: ["document", "passage", "corpus"]) ?? standard ?? ""
        case .none: ""
        case .custom(let text): text
        }
    }
}

/// A module after pooling.
package enum SentenceStep: Sendable {
    case dense(DenseLayer)
    /// x / |x|
    case normalize

    package func applied(to vector: [Float]) -> [Float] {
        switch self {
        case .dense(let layer): return layer.applied(to: vector)
        case .normalize:
            let length = vector.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
            return length > 0 ? vector.map { Float(Double($0) / length) } : vector
        }
    }
}

/// y = activation(x W^T + b), as sentence-transformers' Dense.
package struct DenseLayer: Sendable {
    private let map: AffineMap
    var inputs: Int { map.inputs }
    var outputs: Int { map.outputs }
    private let activation: Activation
    /// The stored tensors, for the fingerprint.
    package let tensors: [TensorView]

    private enum Activation: String {
        case identity = "torch.nn.modules.linear.Identity"
        case tanh = "torch.nn.modules.activation.Tanh"
        case relu = "torch.nn.modules.activation.ReLU"
        case sigmoid = "torch.nn.modules.activation.Sigmoid"
        case gelu = "torch.nn.modules.activation.GELU"
        case silu = "torch.nn.modules.activation.SiLU"
    }

    package var name: String { "\(activation.rawValue) \(inputs) \(outputs)" }

    init(folder: URL) throws(AutoRegEmbedError) {
        let file = folder.appendingPathComponent("config.json")
        guard let fields = try SettingsFields(file) else {
            throw .settings(path: file.path, key: "", problem: "is missing")
        }
        try fields.check([
            "in_features", "out_features", "bias", "activation_function", "module_input_name",
            "module_output_name",
        ])
        try fields.checkReadsSentence()
        guard let inputs = try fields.positive("in_features"),
            let outputs = try fields.positive("out_features")
        else { throw fields.wrong("in_features", "and out_features are required") }
        let hasBias = try fields.boolean("bias") ?? true
        let name = try fields.string("activation_function") ?? Activation.tanh.rawValue
        guard let activation = Activation(rawValue: name) else {
            throw fields.wrong("activation_function", "\(name) is not supported")
        }
        let weights: SafetensorsFile
        do {
            weights = try SafetensorsFile(
                path: folder.appendingPathComponent("model.safetensors").path)
        } catch { throw .model(error) }
        func values(
            _ name: String, _ shape: [Int]
        ) throws(AutoRegEmbedError) -> (TensorView, [Float]) {
            guard let view = try? weights.tensor(named: name), view.shape == shape,
                view.elementType.isWeight
            else {
                throw .settings(
                    path: weights.path, key: name, problem: "must be weights of shape \(shape)")
            }
            let values = view.floats()
            guard values.allSatisfy(\.isFinite) else {
                throw .settings(path: weights.path, key: name, problem: "is not finite")
            }
            return (view, values)
        }
        let (matrix, weight) = try values("linear.weight", [outputs, inputs])
        tensors = [matrix] + (hasBias ? [try values("linear.bias", [outputs]).0] : [])
        map = AffineMap(
            weight: weight,
            bias: hasBias
                ? try values("linear.bias", [outputs]).1 : Array(repeating: 0, count: outputs))
        self.activation = activation
    }

    func applied(to vector: [Float]) -> [Float] {
        map.applied(to: vector).map { sum in
            switch activation {
            case .identity: return sum
            case .tanh: return Float(tanh(Double(sum)))
            case .relu: return max(0, sum)
            case .sigmoid: return Float(1 / (1 + exp(-Double(sum))))
            case .gelu: return Float(0.5 * Double(sum) * (1 + erf(Double(sum) / 2.0.squareRoot())))
            case .silu: return Float(Double(sum) / (1 + exp(-Double(sum))))
            }
        }
    }
}
