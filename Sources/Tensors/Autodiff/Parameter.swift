/// A named array of weights: trained, or frozen.
///
/// A frozen one may lie in a mapped file, as float32 or bfloat16, and is then never copied unless a
/// product needs the other form.
package final class Parameter {
    /// As the checkpoint names it.
    package let name: String
    package let shape: [Int]
    package let value: Value
    /// Where its gradient gathers; nil for a frozen one.
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
    /// The same weights, through which no gradient flows.
    package var frozen: Parameter {
        Parameter(name: name, shape: shape, value: value, isTrained: false)
    }
}

extension Parameter {
    /// Weights as a checkpoint stores them. A trained parameter is always a float32 copy; a frozen
    /// float32 or bfloat16 one stays where it is.
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
            // Only read, since it is frozen; the closure keeps the file mapped.
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
