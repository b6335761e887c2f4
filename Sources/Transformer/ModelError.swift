import FileFormat
import Tensors

/// Why a model cannot be loaded or run.
package enum ModelError: Error, Equatable, Sendable {
    case configuration(ModelConfigurationError)
    case checkpoint(SafetensorsError)
    case gguf(GGUFError)
    /// `model.safetensors.index.json` is not what transformers writes.
    case index(path: String, problem: String)
    /// The folder has neither `model.safetensors` nor its index.
    case noWeights(folder: String)
    case missingTensor(path: String, tensor: String)
    /// A GGUF file's tensor that a decoder of its architecture does not have.
    case unknownTensor(path: String, tensor: String)
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
        case .noWeights(let folder):
            "\(folder): neither model.safetensors nor model.safetensors.index.json is there"
        case .missingTensor(let path, let tensor): "\(path): tensor \"\(tensor)\" is missing"
        case .unknownTensor(let path, let tensor):
            "\(path): tensor \"\(tensor)\" is not part of a model that is supported"
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
