import FileFormat
import Synchronization
import Tensors
import VectorMath

/// A GGUF model's tensors with transformers' names and order of rows.
///
/// Only the query and key projections of the `llama` architecture are copied: llama.cpp rotates
/// adjacent elements of a head, transformers an element with the one half a head away, and files
/// have the rows in llama.cpp's order.
final class GGUFSource: TensorSource {
    let files: GGUFFileSet
    private let tensors: [String: TensorView]
    /// The number of heads of each tensor whose rows must be reordered.
    private let permuted: [String: Int]
    private let restored = Mutex<[String: TensorView]>([:])

    init(_ files: GGUFFileSet, _ configuration: ModelConfiguration) throws(ModelError) {
        self.files = files
        var tensors: [String: TensorView] = [:]
        var permuted: [String: Int] = [:]
        for tensor in files.tensors where !GGUFParameterNames.isIgnored(tensor.name) {
            guard let name = GGUFParameterNames.name(of: tensor.name) else {
                throw .unknownTensor(path: files.path, tensor: tensor.name)
            }
            guard let type = ElementType(tensor.elementType) else {
                throw .wrongElementType(
                    path: files.path, tensor: tensor.name, found: tensor.elementType.name)
            }
            tensors[name] = TensorView(
                name: name, shape: tensor.shape, elementType: type, bytes: tensor.bytes,
                owner: tensor.owner)
            guard configuration.architecture == .llama else { continue }
            if name.contains(".self_attn.q_proj.") { permuted[name] = configuration.headCount }
            if name.contains(".self_attn.k_proj.") {
                permuted[name] = configuration.keyValueHeadCount
            }
        }
        (self.tensors, self.permuted) = (tensors, permuted)
    }

    var names: [String] { Array(tensors.keys) }

    var storedTensors: [TensorView] { Array(tensors.values) }

    func tensor(named name: String) -> TensorView? {
        guard let tensor = tensors[name] else { return nil }
        // If the rows are not whole heads, the caller rejects the tensor's shape.
        guard let heads = permuted[name], tensor.shape[0] % (2 * heads) == 0 else { return tensor }
        return restored.withLock { restored in
            if let done = restored[name] { return done }
            let result = Self.restoringRows(of: tensor, heads: heads)
            restored[name] = result
            return result
        }
    }

    /// Row p * half + i of a head is row 2 i + p in the file.
    private static func restoringRows(of tensor: TensorView, heads: Int) -> TensorView {
        let rows = tensor.shape[0]
        let rowBytes = tensor.bytes.count / rows
        let dimension = rows / heads
        let half = dimension / 2
        guard let source = tensor.bytes.baseAddress else { return tensor }
        let memory = AlignedMemory(uninitializedByteCount: tensor.bytes.count)
        for row in 0..<rows {
            let (head, place) = (row / dimension, row % dimension)
            let from = head * dimension + 2 * (place % half) + place / half
            (memory.base + row * rowBytes).copyMemory(
                from: source + from * rowBytes, byteCount: rowBytes)
        }
        return TensorView(
            name: tensor.name, shape: tensor.shape, elementType: tensor.elementType,
            bytes: UnsafeRawBufferPointer(start: memory.base, count: tensor.bytes.count),
            owner: memory)
    }
}

extension ElementType {
    /// Nil for types that are not supported.
    init?(_ type: GGUFElementType) {
        switch type {
        case .i8: self = .int8
        case .i16: self = .int16
        case .i32: self = .int32
        case .i64: self = .int64
        case .f64: self = .float64
        default:
            guard let block = BlockType(rawValue: Int32(type.rawValue)) else { return nil }
            self = ElementType(block)
        }
    }
}
