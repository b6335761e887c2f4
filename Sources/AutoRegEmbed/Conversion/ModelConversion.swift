import FileFormat
import Foundation
import JSON
import Tensors
import Tokenization
import Transformer

/// A language model on its way into another form: a GGUF file or a Hugging Face folder, with weights of
/// another type, an adapter merged in.
///
/// Weights are read, merged, encoded and written row by row, so that the model is never in memory as a
/// whole. What is written appears whole or not at all.
public struct ModelConversion {
    /// How weights are stored. Norms and biases of a GGUF file are always float32, as llama.cpp has them.
    public enum WeightType: String, Sendable, CaseIterable {
        case f32, bf16, f16, q8_0, q4_0, q4_k

        /// Whether weights are stored in blocks with a scale, which only GGUF files can have.
        public var isQuantized: Bool { elementType.isQuantized }

        var elementType: ElementType {
            switch self {
            case .f32: .float32
            case .bf16: .bfloat16
            case .f16: .float16
            case .q8_0: .q8_0
            case .q4_0: .q4_0
            case .q4_k: .q4_k
            }
        }
    }

    let parts: ModelParts
    let tokenizer: Tokenizer
    let weights: MergedWeights

    /// Opens the model. Whether it can be written, writing shows.
    ///
    /// - Throws: ``AutoRegEmbedError``, ``ModelConversionError``
    public init(
        location: URL, options: AutoRegEmbedder.Options = AutoRegEmbedder.Options(), merges: Bool
    ) throws {
        parts = try ModelParts(
            location: location, base: options.base, findBase: options.findBase, readsModules: true)
        guard merges || parts.adapter == nil else {
            throw ModelConversionError.isAdapter(parts.path)
        }
        guard !merges || parts.adapter != nil else {
            throw ModelConversionError.noAdapter(parts.path)
        }
        do { tokenizer = try parts.makeTokenizer() } catch {
            throw AutoRegEmbedError.tokenizer(error)
        }
        weights = try MergedWeights(parts)
    }

    /// The type of most weights: what is written if nothing else is asked for.
    public var storedType: WeightType {
        switch parts.checkpoint.tensor(named: ModelConfiguration.embeddingName)?.elementType {
        case .bfloat16: .bf16
        case .float16: .f16
        default: .f32
        }
    }

    /// What the new form cannot say.
    public var lostInGGUF: [String] {
        var lost: [String] = []
        if let sentences = parts.sentences {
            lost.append("the prompts and modules of \(SentenceTransformerFolder.fileName)")
            if sentences.dimensions != nil { lost.append("its Dense layer") }
        } else if parts.metadata == nil, parts.settings != EmbedderSettings() {
            lost.append("the settings of \(EmbedderSettings.fileName)")
        }
        return lost
    }

    /// Passes a tensor's rows, encoded, to `write`.
    ///
    /// - Parameter order: which row of the model's becomes row i.
    func encode(
        _ name: String, _ shape: [Int], as type: ElementType, order: (Int) -> Int = { $0 },
        _ write: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        let tensor = try weights.tensor(named: name, shape: shape)
        // A vector is a column: those of queries and keys have an order, too.
        let width = shape.count > 1 ? shape.last ?? 1 : 1
        let rows = width > 0 ? tensor.count / width : 0
        var row = [Float](repeating: 0, count: width)
        for index in 0..<rows {
            let from = order(index) * width
            let bytes = try row.withUnsafeMutableBufferPointer { row in
                tensor.copyFloats(from..<from + width, to: row)
                guard let bytes = BlockEncoder.encode(UnsafeBufferPointer(row), as: type) else {
                    throw ModelConversionError.notRepresentable(
                        path: parts.path, tensor: name, type: type.rawValue)
                }
                return bytes
            }
            try bytes.withUnsafeBytes { try write($0) }
        }
    }
}

/// Why a model cannot be converted.
public enum ModelConversionError: Error, Equatable, Sendable {
    /// The folder is an adapter's, whose changes would be lost.
    case isAdapter(String)
    /// There is nothing to merge.
    case noAdapter(String)
    /// A weight is not finite, or too large for the type.
    case notRepresentable(path: String, tensor: String, type: String)
    /// What the other form has no place for, by its name.
    case notExpressible(path: String, what: String)
}

extension ModelConversionError: CustomStringConvertible {
    /// The fact as one English phrase without a remedy.
    public var description: String {
        switch self {
        case .isAdapter(let path): "\(path): is an adapter, not a whole model"
        case .noAdapter(let path): "\(path): is not an adapter, so there is nothing to merge"
        case .notRepresentable(let path, let tensor, let type):
            "\(path): \(tensor) has weights that \(type) cannot store: not finite, or too large"
        case .notExpressible(let path, let what): "\(path): \(what) cannot be written"
        }
    }
}
