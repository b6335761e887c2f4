/// A named array of weights, trained or frozen.
///
/// A frozen one may be in a mapped file, as float32 or bfloat16, and is then copied only if a
/// product needs the other type.
package final class Parameter {
    /// The name in the checkpoint.
    package let name: String
    package let shape: [Int]
    package let value: Value
    /// Accumulates the gradient; nil for a frozen parameter.
    package let slot: GradientSlot?

    package init(name: String, shape: [Int], value: Value, isTrained: Bool) {
        self.name = name
        self.shape = shape
        self.value = value
        slot = isTrained ? GradientSlot(count: value.count) : nil
    }

    package var count: Int { value.count }
    package var isTrained: Bool { slot != nil }
    package var tensor: Tensor { Tensor(shape: shape, value: value, slot: slot) }
    /// The same weights without a gradient.
    package var frozen: Parameter {
        Parameter(name: name, shape: shape, value: value, isTrained: false)
    }
}

extension Parameter {
    /// A parameter with a checkpoint's weights. A trained one is always a float32 copy; a frozen
    /// float32 or bfloat16 one uses the mapped bytes.
    package convenience init(
        _ view: TensorView, name: String? = nil, isTrained: Bool, backend: any Backend
    ) {
        self.init(
            name: name ?? view.name, shape: view.shape,
            value: Self.value(view, copied: isTrained, backend), isTrained: isTrained)
    }

    private static func value(_ view: TensorView, copied: Bool, _ backend: any Backend) -> Value {
        let isHalf = view.elementType == .bfloat16
        let alignment = isHalf ? 2 : 4
        if !copied, isHalf || view.elementType == .float32, let address = view.bytes.baseAddress,
            Int(bitPattern: address) % alignment == 0
        {
            // The bytes are only read, since the parameter is frozen; the closure keeps the file
            // mapped.
            return Value(
                Buffer(
                    address: UnsafeMutableRawPointer(mutating: address), count: view.count,
                    isHalf: isHalf, releasePages: view.releasePages
                ) { _ = view })
        }
        let buffer = backend.buffer(count: view.count)
        view.copyFloats(
            0..<view.count,
            to: UnsafeMutableBufferPointer(start: buffer.floats, count: view.count))
        view.releasePages()
        return Value(buffer)
    }
}
