/// Dropout whose choices depend only on `seed` and the element's index.
package struct Dropout: Sendable, Equatable {
    package let rate: Float
    package let seed: UInt64
    package init(rate: Float, seed: UInt64) {
        self.rate = rate
        self.seed = seed
    }
}

extension Tape {
    /// y = x / (1 - rate) if kept, else 0        x of any shape
    ///
    /// Backward: dx = dy / (1 - rate) if kept, else 0. No mask is stored: the choices are drawn
    /// again.
    package func dropout(_ x: Tensor, _ dropout: Dropout) -> Tensor {
        let values = x.value
        let make = { [backend] in
            backend.dropout(values.floats(backend), seed: dropout.seed, rate: dropout.rate)
        }
        return result(shape: x.shape, make(), from: [x], recompute: make) { [backend] dy in
            x.slot?.add(
                backend.dropout(dy, seed: dropout.seed, rate: dropout.rate), backend)
        }
    }
}
