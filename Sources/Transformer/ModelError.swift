import FileFormat
import Tensors

/// Why a model cannot be loaded or run.
package enum ModelError: Error, Equatable, Sendable {
    case configuration(ModelConfigurationError)
    case checkpoint(SafetensorsError)
    case gguf(GGUFError)
    /// `model.safetensors.index.json` is not what transformers writes.
    case index(path: String, problem: String)
    /// The folder has neither `model.safetensors` nor its index; `others` are files of weights in
    /// formats that are not read.
    case noWeights(folder: String, others: [String])
    case missingTensor(path: String, tensor: String)
    /// A tensor that a decoder of its architecture, with the settings that it has, does not have.
    case unknownTensor(path: String, tensor: String)
    /// The checkpoint has no output projection, which predicting tokens needs.
    case noOutput(path: String)
    case wrongShape(path: String, tensor: String, expected: [Int], found: [Int])
    /// Weights in a type that is not computed with.
    case wrongElementType(path: String, tensor: String, found: String)
    /// A weight that is infinite or not a number.
    case nonFiniteWeight(path: String, tensor: String)
    /// An activation grew past what float32 holds although every weight is finite.
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
                ? "\(folder): neither model.safetensors nor model.safetensors.index.json is there"
                : "\(folder): has \(others.joined(separator: ", ")), but no model.safetensors or "
                    + "model.safetensors.index.json"
        case .missingTensor(let path, let tensor): "\(path): tensor \"\(tensor)\" is missing"
        case .unknownTensor(let path, let tensor):
            "\(path): tensor \"\(tensor)\" has no place in a model with these settings that is "
                + "supported"
        case .noOutput(let path):
            "\(path): there is no lm_head.weight, which decoding and scoring need"
        case .wrongShape(let path, let tensor, let expected, let found):
            "\(path): tensor \"\(tensor)\" has shape \(found), but the configuration needs \(expected)"
        case .wrongElementType(let path, let tensor, let found):
            "\(path): tensor \"\(tensor)\" is of the unsupported type \(found)"
        case .nonFiniteWeight(let path, let tensor):
            "\(path): tensor \"\(tensor)\" holds an infinite value or NaN"
        case .nonFiniteActivation:
            "the model's activations overflow although its weights are finite"
        case .tokenOutOfRange(let token, let vocabulary):
            "token id \(token) is outside the model's vocabulary of \(vocabulary)"
        case .emptySequence: "a sequence without tokens cannot be encoded"
        case .cancelled: "cancelled"
        }
    }
}
