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

    /// `recompute` must return exactly the same values.
    package init(_ buffer: Buffer, recompute: (() -> Buffer)? = nil) {
        count = buffer.count
        self.recompute = recompute
        if buffer.isHalf { halfBuffer = buffer } else { floatBuffer = buffer }
    }

    package func floats(_ backend: any Backend) -> Buffer {
        if let floatBuffer { return floatBuffer }
        let made = recompute?() ?? backend.widened(halfBuffer!)
        halfBuffer?.releasePages()
        floatBuffer = made
        return made
    }

    package func halves(_ backend: any Backend) -> Buffer {
        if let halfBuffer { return halfBuffer }
        let floats = floats(backend)
        let made = backend.narrowed(floats)
        floats.releasePages()
        halfBuffer = made
        return made
    }

    /// The values in the type that exists: bfloat16 only if there is no float32.
    package var stored: Buffer { floatBuffer ?? halfBuffer! }

    /// Called when the forward pass no longer needs the values: keeps only what the backward pass
    /// cannot recompute, in bfloat16 if its products read that anyway.
    package func settle(_ backend: any Backend, _ precision: ComputePrecision) {
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
    package func floatsChanged() { halfBuffer = nil }
}
