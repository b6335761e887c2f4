/// Values with a shape, and a slot for their gradient if one is needed.
///
/// Row-major. Without a gradient slot it is a constant: operations on constants alone record
/// nothing, so a frozen model costs no gradient memory.
package struct Tensor {
    package let shape: [Int]
    package let value: Value
    package let slot: GradientSlot?

    package init(shape: [Int], value: Value, slot: GradientSlot?) {
        precondition(
            shape.reduce(1, *) == value.count, "shape \(shape) holds not \(value.count) values")
        self.shape = shape
        self.value = value
        self.slot = slot
    }

    package var needsGradient: Bool { slot != nil }
    /// The first dimension, and the product of the others.
    package var rows: Int { shape[0] }
    package var columns: Int { shape.dropFirst().reduce(1, *) }
    package var count: Int { value.count }

    /// The same values without a gradient.
    package var detached: Tensor { Tensor(shape: shape, value: value, slot: nil) }
}

/// Accumulates the gradient of one tensor during a backward pass.
package final class GradientSlot {
    package let count: Int
    private var buffer: Buffer?

    package init(count: Int) { self.count = count }

    /// The gradient so far; nil if there is none.
    package var gradient: Buffer? { buffer }

    /// Returns the gradient and clears the slot.
    package func take() -> Buffer? {
        defer { buffer = nil }
        return buffer
    }

    package func clear() { buffer = nil }

    /// gradient += `contribution`. The contribution may be shared with other slots, so it is copied
    /// before it is modified.
    package func add(_ contribution: Buffer, _ backend: any Backend) {
        assert(contribution.count == count)
        guard buffer != nil else {
            buffer = contribution
            return
        }
        backend.add(contribution, times: 1, to: writable(backend))
    }

    /// Lets `body` write the gradient, or add to it if `accumulate`.
    package func update(_ backend: any Backend, _ body: (Buffer, _ accumulate: Bool) -> Void) {
        if buffer == nil {
            let fresh = backend.buffer(count: count)
            buffer = fresh
            body(fresh, false)
        } else {
            body(writable(backend), true)
        }
    }

    /// The gradient, initially zeros, for operations that only add.
    package func added(_ backend: any Backend) -> Buffer {
        if buffer == nil { buffer = backend.zeros(count: count) }
        return writable(backend)
    }

    private func writable(_ backend: any Backend) -> Buffer {
        if !isKnownUniquelyReferenced(&buffer) { buffer = backend.copy(buffer!) }
        return buffer!
    }
}
