/// A tensor's values as operations keep them for their backward pass.
///
/// The values may exist in float32, in bfloat16 (what the products of `--precision bfloat16` read)
/// or in both; either is derived from the other on demand. A value that is cheap to compute again,
/// such as a normalised row, carries the way to do so and need not be kept between the passes.
package final class Value {
    package let count: Int
    private var floatBuffer: Buffer?
    private var halfBuffer: Buffer?
    private let recompute: (() -> Buffer)?

    /// `recompute` must give the very same values again.
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

    /// The values in whichever form exists; bfloat16 where only that does.
    package var stored: Buffer { floatBuffer ?? halfBuffer! }

    /// The forward pass has no more use for the values: keeps what the backward pass cannot make
    /// again, in bfloat16 where its products read that anyway.
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

    /// After the float32 values were changed in place (an optimizer's step).
    package func floatsChanged() { halfBuffer = nil }
}
