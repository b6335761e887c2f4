extension Tape {
    /// y = silu(gate) * up,  silu(g) = g sigma(g)        gate, up `[T, F]` -> `[T, F]`
    ///
    /// Backward: dup = dy silu(gate),  dgate = dy up sigma(gate) (1 + gate (1 - sigma(gate))).
    /// The output is not kept. Only products may read it: it has their precision.
    package func swiglu(gate: Tensor, up: Tensor) -> Tensor {
        let (gates, ups) = (gate.value, up.value)
        let make = { [backend, precision = precision.ofProducts(columns: gate.columns)] in
            backend.swiglu(gates, ups, precision: precision)
        }
        return result(shape: gate.shape, make(), from: [gate, up], recompute: make) {
            [backend, sg = gate.slot, su = up.slot] dy in
            let gradients = backend.swigluBackward(dy, gate: gates, up: ups)
            sg?.add(gradients.gate, backend)
            su?.add(gradients.up, backend)
        }
    }
}
