import FileFormat
import Tensors

/// Why a model cannot be loaded or run.
package enum ModelError: Error, Equatable, Sendable {
    case configuration(ModelConfigurationError)
    case checkpoint(SafetensorsError)
    case gguf(GGUFError)
    /// `model.safetensors.index.json` is invalid.
    case index(path: String, problem: String)
    /// The folder has neither `model.safetensors` nor its index; `others` are weight files in
    /// unsupported formats.
    case noWeights(folder: String, others: [String])
    case missingTensor(path: String, tensor: String)
    /// A tensor that does not exist in a decoder with this architecture and these settings.
    case unknownTensor(path: String, tensor: String)
    /// The checkpoint has no output projection, which predicting tokens needs.
    case noOutput(path: String)
    case wrongShape(path: String, tensor: String, expected: [Int], found: [Int])
    /// Weights have an unsupported element type.
    case wrongElementType(path: String, tensor: String, found: String)
    /// A weight is infinite or NaN.
    case nonFiniteWeight(path: String, tensor: String)
    /// An activation overflowed float32 although every weight is finite.
    case nonFiniteActivation
    case tokenOutOfRange(token: Int32, vocabulary: Int)
    case emptySequence
    case cancelled
}

extension ModelError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .configuration(let error): error.description
        case .checkpoint(let error): error.description
        case .gguf(let error): error.description
        case .index(let path, let problem): "\(path): \(problem)"
        case .noWeights(let folder, let others):
            others.isEmpty
                ? "\(folder): has neither model.safetensors nor model.safetensors.index.json"
                : "\(folder): has \(others.joined(separator: ", ")), but no model.safetensors or "
                    + "model.safetensors.index.json"
        case .missingTensor(let path, let tensor): "\(path): tensor \"\(tensor)\" is missing"
        case .unknownTensor(let path, let tensor):
            "\(path): tensor \"\(tensor)\" does not belong to any supported model with these "
                + "settings"
        case .noOutput(let path):
            "\(path): has no lm_head.weight, which decoding and scoring need"
        case .wrongShape(let path, let tensor, let expected, let found):
            "\(path): tensor \"\(tensor)\" has shape \(found), but the configuration needs \(expected)"
        case .wrongElementType(let path, let tensor, let found):
            "\(path): tensor \"\(tensor)\" has the unsupported type \(found)"
        case .nonFiniteWeight(let path, let tensor):
            "\(path): tensor \"\(tensor)\" contains an infinite value or NaN"
        case .nonFiniteActivation:
            "the model's activations overflow although its weights are finite"
        case .tokenOutOfRange(let token, let vocabulary):
            "token id \(token) is outside the model's vocabulary of \(vocabulary)"
        case .emptySequence: "a sequence without tokens cannot be encoded"
        case .cancelled: "cancelled"
        }
    }
}
