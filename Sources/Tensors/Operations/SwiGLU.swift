extension Tape {
    /// y = silu(gate) * up,  silu(g) = g sigma(g)        gate, up `[T, F]` -> `[T, F]`
    ///
    /// Backward: dup = dy silu(gate),  dgate = dy up sigma(gate) (1 + gate (1 - sigma(gate))).
    /// The output is not kept.
    package func swiglu(gate: Tensor, up: Tensor) -> Tensor {
        let (gates, ups) = (gate.value, up.value)
        let make = { [backend] in backend.swiglu(gates.floats(backend), ups.floats(backend)) }
        return result(shape: gate.shape, make(), from: [gate, up], recompute: make) {
            [backend, sg = gate.slot, su = up.slot] dy in
            let gradients = backend.swigluBackward(
                dy, gate: gates.floats(backend), up: ups.floats(backend))
            sg?.add(gradients.gate, backend)
            su?.add(gradients.up, backend)
        }
    }
}
