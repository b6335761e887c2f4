/// A tensor's values, as operations keep them for the backward pass.
///
/// The values may exist in float32, in bfloat16 (the inputs of bfloat16 products) or in both; each
/// is derived from the other on demand. A value that is cheap to recompute, such as a normalized
/// row, has a closure for it and need not be kept between the passes.
package final class Value {
    package let count: Int
    private var floatBuffer: Buffer?
    private var halfBuffer: Buffer?
    private let recompute: (() -> Buffer)?
    /// A frozen weight for products in eight bits; nil for all other values.
    var eightBitWeight: EightBitWeight?
    /// The values as such products read them; nil if none has.
    var eightBitRows: EightBitRows?

    /// `recompute` must return exactly the same values, in either type.
    package init(_ buffer: Buffer, recompute: (() -> Buffer)? = nil) {
        count = buffer.count
        self.recompute = recompute
        keep(buffer)
    }

    private func keep(_ buffer: Buffer) {
        if buffer.isHalf { halfBuffer = buffer } else { floatBuffer = buffer }
    }

    /// The values in the type that exists, float32 if both do. They are recomputed if neither does.
    package var either: Buffer {
        if floatBuffer == nil, halfBuffer == nil, let recompute { keep(recompute()) }
        return stored
    }

    package func floats(_ backend: any Backend) -> Buffer {
        let existing = either
        guard existing.isHalf else { return existing }
        let made = backend.widened(existing)
        existing.releasePages()
        floatBuffer = made
        return made
    }

    package func halves(_ backend: any Backend) -> Buffer {
        let existing = either
        if let halfBuffer { return halfBuffer }
        let floats = existing
        let made = backend.narrowed(floats)
        floats.releasePages()
        halfBuffer = made
        return made
    }

    /// The same for values that are never recomputed, such as a parameter's.
    package var stored: Buffer { floatBuffer ?? halfBuffer! }

    /// Called when the forward pass no longer needs the values: keeps only what the backward pass
    /// cannot recompute, in bfloat16 if its products read that anyway.
    package func settle(_ backend: any Backend, _ precision: ComputePrecision) {
        eightBitRows = nil
        if recompute != nil {
            floatBuffer = nil
            halfBuffer = nil
        } else if precision == .bfloat16 {
            _ = halves(backend)
            floatBuffer = nil
        } else if floatBuffer != nil {
            halfBuffer = nil
        }
    }

    /// Must be called after the float32 values were changed in place, as by an optimizer's step.
    package func floatsChanged() { (halfBuffer, eightBitRows) = (nil, nil) }
}
