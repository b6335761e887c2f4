extension Tape {
    /// y = silu(gate) * up,  silu(g) = g sigma(g)        gate, up (T x F) -> T x F
    ///
    /// Backward: dup = dy silu(gate),  dgate = dy up sigma(gate) (1 + gate (1 - sigma(gate))).
    /// The output is not kept.
    package func swiglu(gate: Tensor, up: Tensor) -> Tensor {
        let (gates, ups) = (gate.value.floats(backend), up.value.floats(backend))
        let make = { [backend] in backend.swiglu(gates, ups) }
        return result(shape: gate.shape, make(), from: [gate, up], recompute: make) {
            [backend, sg = gate.slot, su = up.slot] dy in
            let gradients = backend.swigluBackward(dy, gate: gates, up: ups)
            sg?.add(gradients.gate, backend)
            su?.add(gradients.up, backend)
        }
    }
}
