import Synchronization
import Tensors
import VectorMath

/// A linear layer's weight: bytes in the checkpoint, quantised blocks too; or those with an adapter's
/// change, or blocks as float32, made when they are first used.
final class MatrixWeight: Sendable {
    private let original: TensorView
    private let change: LowRankChange?
    private let precision: ComputePrecision
    /// Whether products take quantised blocks as they lie.
    private let keepsBlocks: Bool
    private let changed = Mutex<TensorView?>(nil)
    private let bias: FloatArray?
    /// Whether a product has looked at every weight and found it finite.
    private let seen = Atomic<Bool>(false)

    /// - Parameters:
    ///   - change: of the tensor's shape.
    ///   - precision: what changed weights are kept in.
    ///   - keepsBlocks: products take quantised blocks as they lie; a change needs them as float32.
    init(
        tensor: TensorView, bias: FloatArray?, change: LowRankChange? = nil,
        precision: ComputePrecision, keepsBlocks: Bool = false
    ) {
        (original, self.bias, self.change) = (tensor, bias, change)
        (self.precision, self.keepsBlocks) = (precision, keepsBlocks)
    }

    /// Whether products multiply quantised blocks.
    var multipliesBlocks: Bool {
        change == nil && keepsBlocks && original.elementType.isQuantized
    }

    /// The parameter's.
    var name: String { original.name }
    /// Rows of the weight matrix, the layer's outputs.
    var outputs: Int { original.shape[0] }
    var inputs: Int { original.shape[1] }

    /// Whether what products read must be made first.
    var isPrepared: Bool {
        multipliesBlocks || change == nil && !original.elementType.isQuantized
    }

    /// What products read. If it must be made, the first caller makes it and others wait.
    var tensor: TensorView { tensor(using: LowRankWorkspace()) }

    /// The same, in memory that was used for others before.
    @discardableResult
    func tensor(using workspace: @autoclosure () -> LowRankWorkspace) -> TensorView {
        if isPrepared { return original }
        return changed.withLock { changed in
            if let changed { return changed }
            let result =
                change?.applied(to: original, precision: precision, using: workspace())
                ?? original.dequantized()
            changed = result
            return result
        }
    }

    /// For the kernels; valid while `self` lives.
    var stored: StoredMatrix {
        let tensor = tensor
        guard let values = tensor.bytes.baseAddress else {
            preconditionFailure("a weight without elements")
        }
        return StoredMatrix(
            values: values, encoding: tensor.encoding, outputs: outputs, inputs: inputs,
            bias: bias?.pointer)
    }

    var needsCheck: Bool { !seen.load(ordering: .relaxed) }

    /// Looks at every weight; to find out which of several is damaged.
    var isFinite: Bool { tensor.floats().allSatisfy(\.isFinite) }

    func markChecked() { seen.store(true, ordering: .relaxed) }
}

extension TensorView {
    var encoding: StoredMatrix.Encoding {
        guard let type = elementType.blockType else {
            preconditionFailure("checked to be a weight when it was loaded")
        }
        return type
    }
}
