import Synchronization
import Tensors
import VectorMath

/// A linear layer's weight: the checkpoint's bytes, possibly quantized, or a copy with an adapter's
/// change or dequantized to float32, which is made at first use.
package final class MatrixWeight: Sendable {
    private let original: TensorView
    private let change: LowRankChange?
    private let precision: ComputePrecision
    /// Whether products read quantized weights without dequantizing.
    private let keepsBlocks: Bool
    private let changed = Mutex<TensorView?>(nil)
    private let bias: FloatArray?
    /// Whether a product has checked that every weight is finite.
    private let seen = Atomic<Bool>(false)

    /// - Parameters:
    ///   - change: an adapter's change, of the tensor's shape.
    ///   - precision: the type of changed weights.
    ///   - keepsBlocks: whether products read quantized weights without dequantizing; a change
    ///     needs float32.
    package init(
        tensor: TensorView, bias: FloatArray?, change: LowRankChange? = nil,
        precision: ComputePrecision, keepsBlocks: Bool = false
    ) {
        (original, self.bias, self.change) = (tensor, bias, change)
        (self.precision, self.keepsBlocks) = (precision, keepsBlocks)
    }

    /// Whether products multiply quantized weights.
    var multipliesBlocks: Bool {
        change == nil && keepsBlocks && original.elementType.isQuantized
    }

    /// The name of the parameter.
    package var name: String { original.name }
    /// The number of rows of the weight matrix, which are the layer's outputs.
    var outputs: Int { original.shape[0] }
    var inputs: Int { original.shape[1] }

    /// Whether products can read the checkpoint's bytes as they are.
    var isPrepared: Bool {
        multipliesBlocks || change == nil && !original.elementType.isQuantized
    }

    /// The tensor that products read. If it has to be computed, the first caller does so while
    /// others wait.
    var tensor: TensorView { tensor(using: LowRankWorkspace()) }

    /// The same, with a workspace that is reused.
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

    /// The matrix for the kernels; valid while `self` lives.
    package var stored: StoredMatrix {
        let tensor = tensor
        guard let values = tensor.bytes.baseAddress else {
            preconditionFailure("a weight without elements")
        }
        return StoredMatrix(
            values: values, encoding: tensor.encoding, outputs: outputs, inputs: inputs,
            bias: bias?.pointer)
    }

    package var needsCheck: Bool { !seen.load(ordering: .relaxed) }

    /// Checks every weight, to find out which of several matrices is damaged.
    package var isFinite: Bool { tensor.floats().allSatisfy(\.isFinite) }

    package func markChecked() { seen.store(true, ordering: .relaxed) }
}

extension TensorView {
    var encoding: StoredMatrix.Encoding {
        guard let type = elementType.blockType else {
            preconditionFailure("checked to be a weight when it was loaded")
        }
        return type
    }
}
